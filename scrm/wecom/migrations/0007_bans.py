from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("wecom", "0006_eager_autovacuum"),
    ]

    operations = [
        migrations.AddField(
            model_name="quota",
            name="bans",
            field=models.SmallIntegerField(db_default=0, default=0, editable=False, help_text="45009s in a row."),
        ),
    ]
