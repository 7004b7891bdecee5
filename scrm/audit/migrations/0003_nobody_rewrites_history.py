from django.db import migrations

FUNCTION = """
CREATE FUNCTION refuse_to_rewrite_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% only grows: its rows are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_to_rewrite_history();
"""
UNDO = """
DROP TRIGGER only_grows ON audit_entry;
DROP FUNCTION refuse_to_rewrite_history();
"""


class Migration(migrations.Migration):
    """The owner of the table is stopped too, not only the app role, which has no right to change it."""

    dependencies = [("audit", "0002_initial")]
    operations = [migrations.RunSQL(FUNCTION, UNDO)]
