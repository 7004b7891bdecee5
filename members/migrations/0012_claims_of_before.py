from django.db import migrations

# Pointers of before led to whoever bore the unionid, perhaps along a chain or, of two unionids, round in a circle.
OPENED = """
UPDATE members_member m SET same_person_as_id = NULL
FROM members_member o WHERE o.id = m.same_person_as_id AND o.same_person_as_id = m.id AND m.id < o.id
"""
CLAIMED = """
INSERT INTO members_identitylink (identity_id, member_id, source, evidence, verified, since)
SELECT DISTINCT ON (m.id) i.id, m.id, 'wecom', '{}'::jsonb, false, m.created_at
FROM members_member m JOIN members_identity i ON i.member_id = m.same_person_as_id AND i.kind = 'unionid'
ORDER BY m.id, i.id ON CONFLICT DO NOTHING
"""
FLAT = """
WITH RECURSIVE up (id, root, depth) AS (
    SELECT id, same_person_as_id, 1 FROM members_member WHERE same_person_as_id IS NOT NULL
    UNION ALL
    SELECT up.id, m.same_person_as_id, depth + 1 FROM up JOIN members_member m ON m.id = up.root
    WHERE m.same_person_as_id IS NOT NULL AND depth < 20
), ends AS (SELECT DISTINCT ON (id) id, root FROM up ORDER BY id, depth DESC)
UPDATE members_member m SET same_person_as_id = ends.root
FROM ends WHERE ends.id = m.id AND ends.root <> m.id AND m.same_person_as_id <> ends.root
"""
MERGED = """
INSERT INTO members_merge (public_id, winner_id, loser_id, rule, identity_id, reason, at)
SELECT 'mg_' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 18), m.same_person_as_id, m.id, 'unionid',
       (SELECT min(l.identity_id) FROM members_identitylink l WHERE l.member_id = m.id AND l.source = 'wecom'),
       '', now()
FROM members_member m WHERE m.same_person_as_id IS NOT NULL
AND NOT EXISTS (SELECT FROM members_merge g WHERE g.loser_id = m.id AND g.undone_at IS NULL)
"""


class Migration(migrations.Migration):
    dependencies = [("members", "0011_indexes_beside")]

    operations = [migrations.RunSQL(sql, migrations.RunSQL.noop) for sql in (OPENED, CLAIMED, FLAT, MERGED)]
