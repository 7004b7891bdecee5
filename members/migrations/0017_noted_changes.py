from django.db import migrations, models

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


class Migration(migrations.Migration):
    """The database notes of whom something changed; the sets of segments follow."""

    dependencies = [("members", "0016_tag_run_counts")]

    operations = [
        migrations.RemoveField("engine", "families"),
        migrations.AddField("engine", "epoch", models.BigIntegerField(default=0)),
        migrations.AddField("changed", "key", models.BigIntegerField(null=True)),
        *(migrations.RunSQL(noted.forward, noted.reverse) for noted in NOTED),
    ]
