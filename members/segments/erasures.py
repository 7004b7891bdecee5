"""An erased member is in no set, snapshot, audience or record of changes any more, from this moment on."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Model
from pyroaring import BitMap

from members.models import Audience, Bitmap, Change, Changed, Engine, Segment, Snapshot
from members.segments import bits, sets


def erase(members: Collection[int], at: datetime) -> dict[str, int]:
    """These members are taken out of everything; how many rows of each kind that changed."""
    gone = BitMap(members)
    with connection.cursor() as cursor:  # whoever changes sets now ends first, and nobody begins before the commit
        cursor.execute("LOCK TABLE members_engine IN SHARE ROW EXCLUSIVE MODE")
    revision = sets.next_revision()
    Changed.objects.filter(member_id__in=list(gone)).delete()
    shards = bits.shards_of(gone)
    found = {
        "sets": _cleared(Bitmap.objects.filter(shard__in=[*shards, 0]), gone, revision=revision),
        "snapshots": _snapshots(shards, gone, revision),
        "changes": _changes(gone),
        "audiences": _audiences(gone),
    }
    Engine.objects.update(revision=revision)
    return found


def _cleared(rows: Any, gone: BitMap, *, revision: int) -> int:
    """Rows whose body held one of them hold none now."""
    count = 0
    for row in rows.iterator(chunk_size=500):
        body = bits.unpacked(row.body)
        if body.intersect(gone):
            _save(row, body - gone, revision=revision)
            count += 1
    return count


def _save(row: Model, body: BitMap, **more: Any) -> None:
    type(row)._default_manager.filter(pk=row.pk).update(body=bits.packed(body), **more)


def _snapshots(shards: list[int], gone: BitMap, revision: int) -> int:
    count = 0
    for row in Snapshot.objects.filter(shard__in=shards).iterator(chunk_size=500):
        body = bits.unpacked(row.body)
        if found := len(body & gone):
            _save(row, body - gone, revision=revision, size=row.size - found)
            segment = Segment.objects.filter(counted=row.version_id).first()
            if segment:
                Segment.objects.filter(pk=segment.pk).update(size=segment.size - found)
            count += 1
    return count


def _changes(gone: BitMap) -> int:
    """What entered and left stays counted; who it was is forgotten."""
    count = 0
    for row in Change.objects.only("pk", "entered", "left").iterator(chunk_size=500):
        entered, left = bits.unpacked(row.entered), bits.unpacked(row.left)
        if entered.intersect(gone) or left.intersect(gone):
            kept = {"entered": bits.packed(entered - gone), "left": bits.packed(left - gone)}
            Change.objects.filter(pk=row.pk).update(**kept)
            count += 1
    return count


def _audiences(gone: BitMap) -> int:
    count = 0
    for row in Audience.objects.only("pk", "body", "erased").iterator(chunk_size=50):
        body = bits.unpacked(row.body)
        if found := len(body & gone):
            _save(row, body - gone, erased=row.erased + found)
            count += 1
    return count
