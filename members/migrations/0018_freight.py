from django.db import migrations, models


class Migration(migrations.Migration):
    """What was paid for carrying goods stands beside what was paid for them."""

    dependencies = [("members", "0017_tags_taken_off")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="freight_fen",
            field=models.BigIntegerField(db_default=0, default=0, verbose_name="freight (fen)"),
        ),
        migrations.AddField(
            model_name="refund",
            name="freight_fen",
            field=models.BigIntegerField(db_default=0, default=0, verbose_name="freight (fen)"),
        ),
        migrations.AlterField(
            model_name="refund",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "waits for its order"),
                    ("counted", "counted"),
                    ("excess", "more than was paid: not counted"),
                    ("freight", "freight alone: not counted"),
                ],
                default="waiting",
                max_length=8,
                verbose_name="state",
            ),
        ),
    ]
