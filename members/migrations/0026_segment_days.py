import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("members", "0025_blocked_values_sealed")]

    operations = [
        migrations.CreateModel(
            name="SegmentDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(db_index=True)),
                ("entered", models.IntegerField()),
                ("left", models.IntegerField()),
            ],
            options={
                "verbose_name": "day of a segment",
                "verbose_name_plural": "days of segments",
            },
        ),
        migrations.AddField(
            model_name="segmentday",
            name="segment",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="days", to="members.segment"
            ),
        ),
        migrations.AddConstraint(
            model_name="segmentday",
            constraint=models.UniqueConstraint(fields=("segment", "day"), name="a_day_of_a_segment_is_summed_once"),
        ),
    ]
