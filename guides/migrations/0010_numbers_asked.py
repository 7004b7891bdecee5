from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("guides", "0009_official_statistics"),
    ]

    operations = [
        migrations.AddField(
            model_name="roster",
            name="numbers_asked",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
    ]
