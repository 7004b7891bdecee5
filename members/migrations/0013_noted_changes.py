from django.db import migrations
from members.noting import INSERT, UPDATE, Noted

NOTED = (
    Noted(
        "members_member",
        "member",
        ("same_person_as_id", "erased_at", "gender", "created_at", "registered_at", "minor_until"),
        member="r.id",
        others=("r.same_person_as_id",),
        ops=(INSERT, UPDATE),
    ),
    Noted("members_membertag", "tag", ("member_id", "tag_id", "score"), key="tag_id"),
    Noted(
        "members_order",
        "order",
        ("member_id", "store_id", "paid_day", "paid_fen", "refunded_fen", "parent_id", "channel", "changed_at"),
        key="store_id",
    ),
    Noted("members_consent", "consent", ("member_id",), ops=(INSERT,)),
    Noted("members_joining", "joining", ("member_id", "store_id"), key="store_id"),
    Noted("members_home", "home", ("city_tier",), pk="member_id"),
    Noted("members_memberstage", "stage", ("stage",), pk="member_id"),
    Noted("members_membergrade", "grade", ("member_id", "store_id", "grade", "score_r", "score_f", "score_m")),
    Noted("members_fieldvalue", "field", ("member_id", "field_id", "text", "number", "date", "boolean", "choices")),
    Noted("members_event", "event", ("member_id", "kind", "day")),
    # New terms may end what was allowed under older ones: of everybody, which is noted as member 0.
    Noted("members_terms", "terms", ("renewed", "valid_from", "version"), member="0"),
)

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
    """The database notes of whom something changed, and the sets of segments follow; and orders and events tell whose
    tags by rule are to be scored anew, in the transaction in which they come."""

    dependencies = [("members", "0012_claims_of_before")]

    operations = [
        *(migrations.RunSQL(noted.forward, noted.reverse) for noted in NOTED),
        *(due(table, op) for table in ("members_order", "members_event") for op in OPS),
    ]
