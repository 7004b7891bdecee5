from django.db import migrations, models

import scrm.sealed


class Migration(migrations.Migration):
    dependencies = [("members", "0024_buyers_of_corrections")]

    operations = [
        migrations.AddField("blockedvalue", "sealed", scrm.sealed.SealedField(editable=True, null=True)),
        migrations.AddField("blockedvalue", "key_id", models.BinaryField(max_length=4, null=True)),
        migrations.AlterField(
            "review",
            "why",
            models.CharField(
                choices=[
                    ("phone", "The same phone, which nobody verified"),
                    ("veto", "They share an id, but other ids of theirs contradict each other"),
                    ("limit", "They share an id, but one person would have too many of a kind"),
                    ("person", "Somebody decided it without being asked"),
                ],
                max_length=10,
                verbose_name="why",
            ),
        ),
    ]
