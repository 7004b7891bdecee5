from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("members", "0019_pushed_by")]

    operations = [
        migrations.CreateModel(
            name="YearSlice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=8)),
                ("digit", models.SmallIntegerField()),
                ("at", models.DateTimeField()),
                ("body", models.BinaryField()),
            ],
            options={
                "verbose_name": "digit of a year's purchases",
                "verbose_name_plural": "digits of a year's purchases",
            },
        ),
        migrations.AddConstraint(
            model_name="yearslice",
            constraint=models.UniqueConstraint(fields=("name", "digit"), name="a_digit_of_a_year_is_kept_once"),
        ),
    ]
