import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# The index is built beside the old one, so that nobody waits while millions of rows are read.
BUILD = """
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS an_identity_of_an_app_names_one_member
ON members_identity (kind, corp_id, value, app) NULLS NOT DISTINCT
"""
SWAP = """
ALTER TABLE members_identity DROP CONSTRAINT IF EXISTS an_identity_names_one_member;
ALTER TABLE members_identity ADD CONSTRAINT an_identity_names_one_member
    UNIQUE USING INDEX an_identity_of_an_app_names_one_member
"""
BACK = """
ALTER TABLE members_identity DROP CONSTRAINT an_identity_names_one_member;
ALTER TABLE members_identity ADD CONSTRAINT an_identity_names_one_member
    UNIQUE NULLS NOT DISTINCT (kind, corp_id, value)
"""


class Migration(migrations.Migration):
    """Indexes of tables that are large by now, each built beside those that stand."""

    atomic = False
    dependencies = [("members", "0010_segments")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(BUILD, migrations.RunSQL.noop),
                migrations.RunSQL(SWAP, BACK),
            ],
            state_operations=[
                migrations.RemoveConstraint("identity", "an_identity_names_one_member"),
                migrations.AddConstraint(
                    "identity",
                    models.UniqueConstraint(
                        fields=["kind", "corp", "value", "app"],
                        nulls_distinct=False,
                        name="an_identity_names_one_member",
                    ),
                ),
            ],
        ),
        # Who bears a tag, in order: for counts, samples and segments. It stands in for the index of the tag alone.
        AddIndexConcurrently(
            model_name="membertag",
            index=models.Index(fields=["tag", "member"], name="wearers_of_a_tag"),
        ),
        migrations.AlterField(
            model_name="membertag",
            name="tag",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="member_tags",
                to="members.tag",
                verbose_name="tag",
            ),
        ),
        migrations.AlterField(
            model_name="membertag",
            name="member",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="member_tags",
                to="members.member",
                verbose_name="customer",
            ),
        ),
        # Boards ask who has become a member since they last looked.
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS members_by_registration ON members_member (registered_at) "
            "WHERE registered_at IS NOT NULL",
            "DROP INDEX CONCURRENTLY IF EXISTS members_by_registration",
        ),
    ]
