"""The customers of up to a hundred guides, read page by page and merged a hundred pages at a time."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection, transaction

from guides import chunks, follows, notes, sightings, sweeps
from guides.follows import Follow
from guides.models import Guide, SyncChunk
from guides.sightings import Seen
from members import contacts, tags, tombstones
from members.contacts import Contact
from scrm import clock
from scrm.wecom.client import Client, client_for
from scrm.wecom.errors import BadReply, GiveUp, Refused, Retry

API = "externalcontact/batch/get_by_user"
A_PAGE = 100
A_BATCH = 100 * A_PAGE  # rows merged at once: ten times fewer cost a fifth of the speed
REPEATS = 3  # so often a cursor may point at its own page
HANDED_OVER = {201, 202}  # ways in which a relation begins without the customer
NOBODY = 84061
ALL_UNLICENSED = 701008
# One of the guides cannot be asked for, or the server takes fewer at once than it says: they are asked in halves.
ASK_FEWER = {40003, 40058, 40096, 60111, 45029}
# The planner would scan a table of a million rows for ten thousand look-ups if it took its pages to be on a disk.
PLAN_FOR_LOOK_UPS = "SET LOCAL random_page_cost = 1.1"


@dataclass
class Reading:
    """What a chunk has read up to now."""

    counts: Counter[str] = field(default_factory=Counter)
    unread: set[str] = field(default_factory=set)  # userids in lower case who were not read to the end
    listed: dict[int, "array[int]"] = field(default_factory=lambda: defaultdict(lambda: array("q")))  # guide → members


def read_chunk(chunk: SyncChunk, *, at: datetime) -> Mapping[str, int]:
    """Brings in all customers of the chunk's guides, and notes which relations of ours were not listed."""
    now, reading = clock.ticking(at), Reading()
    client = client_for(chunk.sync.corp)
    guides = _guides(chunk.sync.corp_id, chunk.payload["guides"])
    rows = _rows(client, list(chunk.payload["guides"]), reading)
    key = f"sync:{chunk.sync_id}"
    while some := list(islice(rows, A_BATCH)):
        merge(chunk.sync.corp_id, guides, some, reading, key=key, at=at, now=now())
        chunks.hold(chunk, at=now())
    complete = {userid: guide for userid, guide in guides.items() if userid not in reading.unread}
    reading.counts["missing"] = sweeps.note(chunk, client, complete, reading.listed, at=at)
    reading.counts["guides"] = len(complete)
    return reading.counts


def _guides(corp: int, userids: Iterable[str]) -> dict[str, int]:
    rows = Guide.objects.filter(corp=corp, userid__in=list(userids)).values_list("userid", "pk")
    return {userid.lower(): pk for userid, pk in rows}


def _rows(client: Client, userids: list[str], reading: Reading) -> Iterator[Mapping[str, Any]]:
    """The relations of these guides; those who cannot be asked for are left out. Raises Refused."""
    try:
        yield from _pages(client, userids, reading)
    except Refused as refused:
        if refused.errcode == ALL_UNLICENSED:
            _leave_out(userids, "unlicensed", reading)
        elif refused.errcode in ASK_FEWER and len(userids) == 1:
            _leave_out(userids, "unreadable", reading)
        elif refused.errcode in ASK_FEWER:
            for half in (userids[: len(userids) // 2], userids[len(userids) // 2 :]):
                yield from _rows(client, half, reading)
        elif refused.errcode != NOBODY:
            raise


def _pages(client: Client, userids: list[str], reading: Reading) -> Iterator[Mapping[str, Any]]:
    cursor, repeated = "", 0
    while True:
        page = _page(client, userids, cursor)
        reading.counts["calls"] += 1
        _leave_out((page.get("fail_info") or {}).get("unlicensed_userid_list") or (), "unlicensed", reading)
        yield from page["external_contact_list"]
        following = page.get("next_cursor") or ""
        repeated = repeated + 1 if following == cursor else 0
        if not following:
            return
        if repeated > REPEATS:
            raise Retry(API, None, "the cursor stands still")
        cursor = following


def _page(client: Client, userids: list[str], cursor: str) -> Mapping[str, Any]:
    try:
        return client.externalcontact.batch_get_by_user(userids, cursor, A_PAGE)
    except GiveUp as refused:
        if cursor:  # it expired: from here on some would be left out, so the chunk is read from its beginning
            raise Retry(API, refused.errcode) from None
        raise


def _leave_out(userids: Iterable[str], why: str, reading: Reading) -> None:
    for userid in userids:
        reading.counts[why] += str(userid).lower() not in reading.unread
        reading.unread.add(str(userid).lower())


@transaction.atomic
def merge(
    corp: int,
    guides: Mapping[str, int],
    rows: Iterable[Mapping[str, Any]],
    reading: Reading,
    *,
    key: str,
    at: datetime,
    now: datetime,
) -> None:
    """Members, notes, tags and relations as these rows of a read that began at an instant tell them."""
    with connection.cursor() as cursor:
        cursor.execute(PLAN_FOR_LOOK_UPS)
    told = [pair for row in rows if (pair := _told(row))[1].userid in guides]
    if tombstones.stand(corp):
        came = {c.external_userid: f.created_at for c, f in told if f.created_at and f.add_way not in HANDED_OVER}
        tombstones.lift(corp, came)
    learned = contacts.learn_many(corp, (contact for contact, _ in told), at=at)
    pairs = {(guides[f.userid], learned.members[c.external_userid]): f for c, f in told}
    fresh = learned.fresh
    notes.write((notes.written(g, m, f) for (g, m), f in pairs.items() if m in fresh), at=at)
    tags.wear_many(corp, [(m, f.userid, f.tag_ids) for (_, m), f in pairs.items() if m in fresh], at=at)
    seen = (Seen(g, m, f.created, f.state, m in learned.new) for (g, m), f in pairs.items())
    states = {follow.state for follow in pairs.values()}
    reading.counts["new"] += sightings.see(corp, seen, states, key=key, at=at, now=now)
    reading.counts.update(rows=len(pairs), people=len(learned.new))
    for guide, member in pairs:
        reading.listed[guide].append(member)


def _told(row: Mapping[str, Any]) -> tuple[Contact, Follow]:
    try:
        return contacts.of(row["external_contact"]), follows.of(row["follow_info"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise BadReply(API, None, "a relation of another shape") from None
