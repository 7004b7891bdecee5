import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Which version of a segment was counted last, and whether its place among others changed since."""

    dependencies = [("members", "0022_news_for_scores")]

    operations = [
        migrations.AddField(
            model_name="segment",
            name="counted",
            field=models.OneToOneField(
                editable=False,
                help_text="Its snapshot is the present one; a newer version is counted within seconds.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="members.segmentversion",
                verbose_name="version counted",
            ),
        ),
        migrations.AddField(
            model_name="segment",
            name="is_stale",
            field=models.BooleanField(
                default=False,
                editable=False,
                help_text="To be counted anew, since its place among others changed.",
            ),
        ),
    ]
