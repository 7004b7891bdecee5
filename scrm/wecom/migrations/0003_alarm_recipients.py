import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("wecom", "0002_connect")]

    operations = [
        migrations.CreateModel(
            name="AlarmRecipient",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "userid",
                    models.CharField(
                        help_text="She must be in the app's visible range.", max_length=64, verbose_name="WeCom userid"
                    ),
                ),
                (
                    "corp",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alarm_recipients",
                        to="wecom.corp",
                        verbose_name="corp",
                    ),
                ),
            ],
            options={
                "verbose_name": "recipient of alarms",
                "verbose_name_plural": "recipients of alarms",
                "constraints": [models.UniqueConstraint(fields=("corp", "userid"), name="a_recipient_is_named_once")],
            },
        ),
    ]
