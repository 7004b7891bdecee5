from django.db import migrations

from members.noting import Noted

NOTED = (
    Noted(
        "guides_relation",
        "relation",
        ("member_id", "guide_id", "store_id", "state", "added_at", "added_day", "by_transfer", "code_id"),
        key="store_id",
    ),
    # How a guide and a customer met decides whether she added the guide herself, which permits service.
    Noted("guides_note", "note", ("add_way",)),
)


class Migration(migrations.Migration):
    """The database notes of whom something changed; the sets of segments follow."""

    dependencies = [("guides", "0010_numbers_asked"), ("members", "0013_noted_changes")]

    operations = [migrations.RunSQL(noted.forward, noted.reverse) for noted in NOTED]
