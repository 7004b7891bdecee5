import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """A claim ends by HQ's word, with its day and reason; nobody bears an id that is nobody's any more."""

    dependencies = [
        ("members", "0015_tags_by_end"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="identitylink",
            name="ended_at",
            field=models.DateTimeField(null=True, verbose_name="ended on"),
        ),
        migrations.AddField(
            model_name="identitylink",
            name="ended_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="ended by",
            ),
        ),
        migrations.AddField(
            model_name="identitylink",
            name="ended_for",
            field=models.CharField(
                blank=True,
                choices=[
                    ("recycled", "the carrier gave the number to somebody else"),
                    ("returned", "the card was given back"),
                    ("given_up", "she gave it up"),
                    ("mistaken", "it never was hers: a slip or a mix-up"),
                ],
                db_default="",
                default="",
                max_length=10,
                verbose_name="ended because",
            ),
        ),
        migrations.AlterField(
            model_name="identity",
            name="member",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="identities",
                to="members.member",
                verbose_name="customer",
            ),
        ),
    ]
