from django.db import migrations

DUE = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF EXISTS (SELECT FROM members_tagrule WHERE is_active) THEN
        INSERT INTO members_scoredue (member_id)
        SELECT DISTINCT member_id FROM ({rows}) r WHERE member_id IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER {name} AFTER {op} ON {table} REFERENCING {named} FOR EACH STATEMENT EXECUTE FUNCTION {name}();
"""
OPS = {"insert": ("new",), "update": ("old", "new"), "delete": ("old",)}


def due(table, op):
    sides = OPS[op]
    told = {
        "name": f"due_{table}_{op}",
        "table": table,
        "op": op.upper(),
        "named": " ".join(f"{side.upper()} TABLE AS {side}_rows" for side in sides),
        "rows": " UNION ALL ".join(f"SELECT member_id FROM {side}_rows" for side in sides),
    }
    gone = f"DROP TRIGGER IF EXISTS {told['name']} ON {table}; DROP FUNCTION IF EXISTS {told['name']}()"
    return migrations.RunSQL(DUE.format(**told), gone)


class Migration(migrations.Migration):
    """Orders and events tell whose tags by rule are to be scored anew, in the transaction in which they come."""

    dependencies = [("members", "0021_claims_of_before")]

    operations = [due(table, op) for table in ("members_order", "members_event") for op in OPS]
