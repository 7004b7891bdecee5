import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("guides", "0006_facts_to_trace"),
    ]

    operations = [
        migrations.AddField(
            model_name="code",
            name="accepted_users",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=64), db_default=[], default=list, editable=False, size=None
            ),
        ),
        migrations.AddField(
            model_name="code",
            name="doubted",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=64), db_default=[], default=list, editable=False, size=None
            ),
        ),
        migrations.AddField(
            model_name="code",
            name="trial",
            field=models.SmallIntegerField(db_default=0, default=0, editable=False),
        ),
    ]
