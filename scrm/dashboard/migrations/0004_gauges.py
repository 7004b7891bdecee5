from django.db import migrations, models


class Migration(migrations.Migration):
    """The numbers of the data's health as they were last taken."""

    dependencies = [("dashboard", "0003_sales")]
    operations = [
        migrations.CreateModel(
            name="Gauge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=40, unique=True, verbose_name="number")),
                ("part", models.BigIntegerField(verbose_name="part")),
                ("whole", models.BigIntegerField(null=True, verbose_name="whole")),
                ("taken_at", models.DateTimeField(verbose_name="taken")),
                ("took_ms", models.IntegerField(default=0, verbose_name="took (ms)")),
            ],
            options={
                "verbose_name": "number of the data's health",
                "verbose_name_plural": "numbers of the data's health",
            },
        ),
    ]
