from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import PROTECT

FIRST_OF_ANOTHER = {  # indexes of one column that the new ones, or facts_of_a_pair, begin with
    "guide_id": "guides_relationfact_guide_id_c5695a84",
    "member_id": "guides_relationfact_member_id_dd7e23a4",
    "code_id": "guides_relationfact_code_id_2a1e038e",
}


class Migration(migrations.Migration):
    """Facts are found by guide and code in order of time, and by letter. Each statement leaves the table open."""

    atomic = False
    dependencies = [("guides", "0005_guides_by_number"), ("members", "0001_initial")]

    operations = [
        AddIndexConcurrently("relationfact", models.Index(fields=["guide", "at"], name="facts_of_a_guide")),
        AddIndexConcurrently(
            "relationfact",
            models.Index(fields=["code", "at"], condition=models.Q(code__isnull=False), name="facts_of_a_code"),
        ),
        AddIndexConcurrently(
            "relationfact",
            models.Index(fields=["letter_id"], condition=models.Q(letter_id__isnull=False), name="facts_of_a_letter"),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
                    f"CREATE INDEX CONCURRENTLY {name} ON guides_relationfact ({column})",
                )
                for column, name in FIRST_OF_ANOTHER.items()
            ],
            state_operations=[
                migrations.AlterField(
                    "relationfact",
                    name,
                    models.ForeignKey(to, PROTECT, **more, db_index=False),
                )
                for name, to, more in (
                    ("guide", "guides.guide", {"related_name": "facts"}),
                    ("member", "members.member", {"related_name": "facts"}),
                    ("code", "guides.code", {"related_name": "+", "null": True}),
                )
            ],
        ),
    ]
