from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wecom", "0004_what_happened"),
    ]

    operations = [
        migrations.AddField(
            model_name="corp",
            name="staff_number_required",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="A guide without one enters no code. Switch it on once every profile in WeCom carries its number.",
                verbose_name="only guides with a staff number",
            ),
        ),
    ]
