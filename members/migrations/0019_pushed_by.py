import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Pushes say through which door they came, and who brought them."""

    dependencies = [("members", "0018_reach"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.AddField(
            "push",
            "door",
            models.CharField(
                choices=[("api", "API"), ("push", "push"), ("file", "file")],
                db_default="push",
                default="push",
                max_length=5,
                verbose_name="door",
            ),
        ),
        migrations.AddField(
            "push",
            "by",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AddField(
            "push", "note", models.CharField(blank=True, db_default="", max_length=120, verbose_name="note")
        ),
        migrations.AlterField(
            "push", "body", models.BinaryField(help_text="Sealed; empty once it is no longer kept.")
        ),
    ]
