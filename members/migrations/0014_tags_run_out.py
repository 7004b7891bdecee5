from django.db import migrations

from members.noting import UPDATE, Noted

BEFORE = Noted("members_membertag", "tag", ("member_id", "tag_id", "score"), key="tag_id")
NOW = Noted("members_membertag", "tag", ("member_id", "tag_id", "score", "expires_at"), key="tag_id")
# A tag that is deleted, or goes to another group, may matter to everybody, which is noted as member 0.
LABELS = Noted("members_tag", "labels", ("group_id", "deleted_at"), member="0", ops=(UPDATE,))


class Migration(migrations.Migration):
    """The database notes, too, when a tag of somebody ends otherwise, and when a tag leaves its group."""

    dependencies = [("members", "0013_noted_changes")]

    operations = [
        migrations.RunSQL(BEFORE.reverse + NOW.forward, NOW.reverse + BEFORE.forward),
        migrations.RunSQL(LABELS.forward, LABELS.reverse),
    ]
