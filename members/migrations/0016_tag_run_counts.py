from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('members', '0015_corrections'),
    ]

    operations = [
        migrations.AddField(
            model_name='tagrun',
            name='done',
            field=models.IntegerField(db_default=0, default=0, verbose_name='done'),
        ),
        migrations.AddField(
            model_name='tagrun',
            name='refused',
            field=models.IntegerField(db_default=0, default=0, verbose_name='refused'),
        ),
        migrations.AddField(
            model_name='tagrun',
            name='todo',
            field=models.BinaryField(null=True),
        ),
    ]
