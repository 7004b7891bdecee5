from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Generated",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seed", models.BigIntegerField()),
                ("stores", models.IntegerField()),
                ("guides", models.IntegerField()),
                ("members", models.BigIntegerField()),
                ("days", models.IntegerField()),
                ("today", models.DateField()),
                ("ids", models.JSONField(default=dict)),
                ("phase", models.CharField(max_length=20)),
                ("done", models.BigIntegerField(default=0)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
        ),
    ]
