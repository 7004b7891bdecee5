import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Who bears a tag, in order: for counts, samples and segments. It stands in for the index of the tag alone."""

    atomic = False
    dependencies = [("members", "0009_tags_and_fields")]

    operations = [
        AddIndexConcurrently(
            model_name='membertag',
            index=models.Index(fields=['tag', 'member'], name='wearers_of_a_tag'),
        ),
        migrations.AlterField(
            model_name='membertag',
            name='tag',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='member_tags', to='members.tag', verbose_name='tag'),
        ),
        migrations.AlterField(
            model_name='membertag',
            name='member',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='member_tags', to='members.member', verbose_name='customer'),
        ),
    ]
