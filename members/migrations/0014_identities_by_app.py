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
    atomic = False

    dependencies = [("members", "0013_one_id")]

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
        )
    ]
