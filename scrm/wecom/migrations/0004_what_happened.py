from django.db import migrations, models
from django.db.models import CASCADE


class Migration(migrations.Migration):
    """Repeated deliveries of a letter, and what each try of a call brought."""

    dependencies = [("wecom", "0003_alarm_recipients")]

    operations = [
        migrations.AddField(
            "outboundcall",
            "tries",
            models.JSONField(
                db_default=models.Value([], models.JSONField()), default=list, verbose_name="what each try brought"
            ),
        ),
        migrations.CreateModel(
            name="Repeat",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("received_at", models.DateTimeField(verbose_name="received")),
                (
                    "letter",
                    models.ForeignKey(db_constraint=False, on_delete=CASCADE, related_name="repeats", to="wecom.letter"),
                ),
            ],
            options={"verbose_name": "repeated delivery", "verbose_name_plural": "repeated deliveries"},
        ),
    ]
