"""What a pass no longer found. It ends only when the pass was complete, and when few are missing or a person agreed."""

from array import array
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from guides import bindings
from guides.epochs import READS_LAG
from guides.models import Sync, SyncChunk, SyncMissing
from scrm import bulk
from scrm.audit import alarms
from scrm.wecom.client import Client
from scrm.wecom.errors import WorldChanged

A_FEW = 3
SHRINKS_AT_MOST = 0.1
AT_ONCE = 2000

LISTING = """
CREATE TEMP TABLE IF NOT EXISTS listing (guide_id bigint, member_id bigint) ON COMMIT DELETE ROWS;
DELETE FROM listing
"""
# A relation that began when the read was already under way cannot be missed yet.
UNLISTED = """
SELECT r.guide_id, r.member_id, i.value FROM guides_relation r
JOIN members_identity i ON i.member_id = r.member_id AND i.kind = 'external_userid' AND i.corp_id = %(corp)s
WHERE r.guide_id = ANY(%(guides)s) AND r.guide_side AND coalesce(r.added_at, r.opened_at) < %(trusted)s
  AND NOT EXISTS (SELECT FROM listing l WHERE l.guide_id = r.guide_id AND l.member_id = r.member_id)
  AND NOT EXISTS (SELECT FROM guides_relation n
                  WHERE n.member_id = r.member_id AND n.guide_id = r.guide_id AND n.epoch > r.epoch)
"""
GONE = """
INSERT INTO guides_relationfact (guide_id, member_id, kind, at, digest, state, recorded_at)
SELECT guide_id, member_id, 'read_gone', min(read_at),
       sha256(convert_to('swept:' || sync_id || ':' || guide_id || ':' || member_id, 'UTF8')), '', %(now)s
FROM guides_syncmissing WHERE sync_id = %(sync)s GROUP BY sync_id, guide_id, member_id
ON CONFLICT (digest) DO NOTHING
RETURNING member_id
"""


def note(
    chunk: SyncChunk, client: Client, guides: Mapping[str, int], listed: Mapping[int, "array[int]"], *, at: datetime
) -> int:
    """How many relations of these guides WeCom did not list to a read that began at an instant."""
    missing = _unlisted(chunk.sync.corp_id, list(guides.values()), listed, at=at)
    userids = {guide: userid for userid, guide in guides.items()}
    sure = [
        SyncMissing(sync_id=chunk.sync_id, chunk=chunk, guide_id=guide, member_id=member, read_at=at)
        for guide, people in missing.items()
        for member in _not_there(client, userids[guide], people)
    ]
    with transaction.atomic():
        SyncMissing.objects.filter(chunk=chunk).delete()
        SyncMissing.objects.bulk_create(sure, batch_size=AT_ONCE)
    return len(sure)


@transaction.atomic
def _unlisted(
    corp: int, guides: list[int], listed: Mapping[int, "array[int]"], *, at: datetime
) -> dict[int, dict[str, int]]:
    """Guide → external_userid → member, of those whom the read left out."""
    found: dict[int, dict[str, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(LISTING)
        bulk.stage(cursor, "listing", (f"{guide}\t{member}\n" for guide, some in listed.items() for member in some))
        cursor.execute(UNLISTED, {"corp": corp, "guides": guides, "trusted": at - READS_LAG})
        for guide, member, value in cursor.fetchall():
            found.setdefault(guide, {})[value] = member
    return found


def _not_there(client: Client, userid: str, people: Mapping[str, int]) -> Iterable[int]:
    """Those of the people whom another list of WeCom's leaves out too: pages have been known to go missing."""
    try:
        there = set(client.externalcontact.customers(userid))
    except WorldChanged:  # 84061: she has nobody
        return people.values()
    if not there:
        return ()  # WeCom says 84061 of a guide without customers; a bare empty list says nothing
    return [member for value, member in people.items() if value not in there]


def few(missing: int, listed: int, allowed: int = 0) -> bool:
    """Whether so many missing ones may be believed: few of all, or as many as a person said."""
    return missing <= max(A_FEW, SHRINKS_AT_MOST * (missing + listed), allowed)


def conclude(sync: Sync, *, at: datetime) -> dict[str, Any]:
    """Ends the relations that a complete pass did not find, unless they are suspiciously many."""
    read = SyncChunk.objects.filter(sync=sync, phase="customers")
    listed = sum(counters.get("rows", 0) for counters in read.values_list("counters", flat=True))
    missing = SyncMissing.objects.filter(sync=sync).count()
    if not few(missing, listed, sync.allowed.get("customers", 0)):
        alarms.sound("customers_shrank", sync.corp.corp_id, at=at, gone=missing, listed=listed)
        return {"shrunk": missing}
    alarms.end("customers_shrank", sync.corp.corp_id, at=at)
    with connection.cursor() as cursor:
        cursor.execute(GONE, {"sync": sync.pk, "now": at})
        members = sorted({row[0] for row in cursor.fetchall()})
    for start in range(0, len(members), AT_ONCE):
        bindings.derive(members[start : start + AT_ONCE], now=at)
    SyncMissing.objects.filter(sync=sync).delete()
    return {"ended": missing}
