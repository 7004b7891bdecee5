from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generate", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="generated", name="orders", field=models.BigIntegerField(db_default=0, default=0)
        ),
    ]
