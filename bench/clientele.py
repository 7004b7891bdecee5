"""A brand's customers with all that is told of them as rows, for whoever looks at them and for the night: some merged,
with guides, stores where they joined and bought, events, phones, tags, words of consent; and one who bought for years.

Loading is not what is measured. All indexes are there afterwards but the one that keeps owners apart by time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from bench import crowd, ingest, world
from bench.ground import Ground
from scrm.ids import sql_id

STORES, REGIONS, GUIDES_A_STORE = 340, 3, 10
TAGS, MERGED_ONE_IN, STORY = 40, 33, 5000
NAMES = "ARRAY['王','李','张','刘','陈','杨','赵','黄','周','吴','徐','孙','胡','朱','高','林','何','郭','马','罗']"
HASH = "(hashint4({n}) & 2147483647)"
STORE = f"(1 + {HASH.format(n='{n}')} %% {STORES})"
GUIDE = f"({STORE} + {STORES} * ({HASH.format(n='-{n}')} %% {GUIDES_A_STORE}))"

MEMBERS = f"""
INSERT INTO members_member (public_id, name, avatar, gender, created_at, registered_at, same_person_as_id)
SELECT {sql_id("m_")}, ({NAMES})[1 + {HASH.format(n="-n")} %% 20] || to_hex(n), '', n %% 3, day,
    CASE WHEN n %% 3 = 0 THEN day END, CASE WHEN n %% {MERGED_ONE_IN} = 0 THEN n - 1 END
FROM (SELECT n, timestamptz %(today)s - (n::bigint * 7919 %% 900) * interval '1 day' AS day
      FROM generate_series(1, %(members)s) n) x
"""
IDENTITIES = """
INSERT INTO members_identity (member_id, kind, corp_id, app, value, read_at)
SELECT n, 'external_userid', (SELECT min(id) FROM wecom_corp), '', 'wmBench' || lpad(n::text, 25, '0'), now()
FROM generate_series(1, %(members)s) n
UNION ALL SELECT n, 'phone', NULL, '', md5(n::text), NULL FROM generate_series(1, %(members)s) n WHERE n %% 10 < 3
"""
JOININGS = f"""
INSERT INTO members_joining (member_id, store_id, "on")
SELECT n, {STORE.format(n="n")}, %(today)s::date - (n::bigint * 7919 %% 900)::int
FROM generate_series(1, %(members)s) n WHERE n %% 3 = 0
"""
RELATIONS = f"""
INSERT INTO guides_relation (public_id, guide_id, member_id, store_id, state, epoch, opened_at, opened_day, added_at,
    added_day, ended_at, ended_day, guide_side, customer_side, by_transfer, store_chosen, changed_at)
SELECT {sql_id("rel_")}, guide, n, store, CASE WHEN lost THEN 'lost' ELSE 'live' END, 1, day, day, day, day,
    CASE WHEN lost THEN day END, CASE WHEN lost THEN day END, true, NOT lost, false, false, day
FROM (SELECT n, {STORE.format(n="n")} AS store, {GUIDE.format(n="n")} AS guide, n %% 5 = 0 AS lost,
             %(today)s::date - (n::bigint * 7919 %% 600)::int AS day
      FROM generate_series(1, %(members)s) n WHERE n %% 10 > 0) x
"""
OWNERSHIPS = """
INSERT INTO guides_ownership (member_id, store_id, guide_id, starts_at, starts_day)
SELECT member_id, store_id, guide_id, added_at, added_day FROM guides_relation WHERE state = 'live'
"""
# Two orders a customer, four of five at the store that she knows.
ORDERS = f"""
INSERT INTO members_order (public_id, source_id, number, member_id, content, store_id, channel, paid_at, paid_day,
    paid_fen, units, categories, created_at, changed_at)
SELECT {sql_id("o_")}, (SELECT min(id) FROM members_source), n::text, member, '',
    CASE WHEN n %% 5 = 0 THEN 1 + abs(n) %% {STORES} ELSE {STORE.format(n="member")} END, 'store', day, day,
    1000 + (hashint4(-n) & 65535), 1, 1, day, day
FROM (SELECT n, 1 + {HASH.format(n="n")} %% %(members)s AS member,
             %(today)s::date - (n::bigint * 104729 %% 720)::int AS day
      FROM generate_series(1, %(members)s * 2) n
      UNION ALL SELECT -n, %(heavy)s, %(today)s::date - n %% 700 FROM generate_series(1, {STORY}) n) x
"""
LINES = """
INSERT INTO members_orderline (order_id, position, sku, name, category, quantity, paid_fen)
SELECT id, 0, 'T' || id %% 400, '明前龙井', '品类' || id %% 12, 1, paid_fen FROM members_order
"""
EVENTS = f"""
INSERT INTO members_event (source_id, number, member_id, kind, at, day, store_id, payload, told_at)
SELECT (SELECT min(id) FROM members_source), n::text, member, 'page_view',
    day + (n %% 1000) * interval '1 minute' , (day + (n %% 1000) * interval '1 minute')::date,
    {STORE.format(n="member")}, '{{"page": "/tea"}}', now()
FROM (SELECT n, 1 + {HASH.format(n="n")} %% %(members)s AS member,
             timestamptz %(today)s - (n::bigint * 104729 %% 170) * interval '1 day' - interval '2 days' AS day
      FROM generate_series(1, %(members)s) n
      UNION ALL SELECT -n, %(heavy)s, timestamptz %(today)s - (n %% 170 + 2) * interval '1 day'
      FROM generate_series(1, {STORY}) n) x
"""
TAG_ROWS = f"""
INSERT INTO members_membertag (member_id, tag_id, source, source_key, since, store_id)
SELECT n, (SELECT min(id) FROM members_tag) + tag, 'ours', '', now(),
    CASE WHEN n %% 2 = 0 THEN {STORE.format(n="n")} END
FROM generate_series(1, %(members)s) n
CROSS JOIN LATERAL (SELECT DISTINCT x FROM unnest(ARRAY[n %% {TAGS}, {HASH.format(n="n")} %% {TAGS}]) x) t (tag)
"""
CONSENTS = """
INSERT INTO members_consent (member_id, purpose, state, terms, at, source, recorded_at)
SELECT n, p, CASE WHEN n %% 10 = 0 THEN 'withdrawn' ELSE 'given' END, 'v1', now() - interval '9 days', 'form', now()
FROM generate_series(1, %(members)s) n, unnest(ARRAY['marketing_1v1', 'share_franchisee']) p WHERE n %% 10 < 4
"""
LOTS = (
    (
        ("members_member", MEMBERS),
        ("members_identity", IDENTITIES),
        ("members_membertag", TAG_ROWS),
        ("members_event", EVENTS),
        ("members_consent", CONSENTS),
    ),
    (
        ("guides_relation", RELATIONS),
        ("guides_ownership", OWNERSHIPS),
        ("members_joining", JOININGS),
        ("members_order", ORDERS),
        ("members_orderline", LINES),
    ),
)


@dataclass(frozen=True)
class Clientele:
    """So many members; the seats from which they are looked at, by name; and whose story is the longest."""

    members: int
    seats: dict[str, Any]
    heavy: int


@contextmanager
def standing(ground: Ground, members: int, today: date) -> Iterator[Clientele]:
    """Django speaks to a database with so many customers, which is gone afterwards."""
    with crowd.standing(ground, members, today, _furnished) as found:
        yield found


def _furnished(ground: Ground, name: str, members: int, today: date) -> Clientele:
    from members.models import Source, Tag, TagGroup
    from scrm import clock

    ingest.connect_corp()
    world.build(STORES, STORES * GUIDES_A_STORE, regions=REGIONS)
    Source.objects.create(code="bench", name="bench", created_at=clock.now())
    group = TagGroup.objects.create(name="标签")
    Tag.objects.bulk_create(Tag(group=group, kind="internal", name=f"标签{n}") for n in range(TAGS))
    heavy = members // 2 // MERGED_ONE_IN * MERGED_ONE_IN + 3
    sizes: dict[str, Any] = {"members": members, "today": today, "heavy": heavy}
    _make_months(today)
    crowd.load_side_by_side(ground, name, LOTS, sizes, needed=lambda definition: "USING gist" not in definition)
    return Clientele(members, _seats(heavy, today), heavy)


def _make_months(today: date) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT members_event_make_months(%s, %s)", [today - timedelta(days=200), today])


def _seats(heavy: int, today: date) -> dict[str, Any]:
    """HQ, and the region, house, store and guide of the one with the long story."""
    from guides.models import Guide, Relation
    from scrm import clock
    from stores import seats
    from stores.models import Contract, Person, Role

    at = clock.now()
    known = Relation.objects.select_related("store", "guide").get(member=heavy)
    house = Contract.objects.order_by("pk").first()
    assert known.store and house
    places: dict[str, tuple[Role, dict[str, Any]]] = {
        "HQ": (Role.HQ_ADMIN, {}),
        "region": (Role.REGION_MANAGER, {"region": known.store.region}),
        "franchise owner": (Role.FRANCHISE_OWNER, {"franchisee": house.franchisee}),
        "manager": (Role.STORE_MANAGER, {"store": known.store}),
        "guide": (Role.GUIDE, {"store": known.store}),
    }
    found = {}
    for name, (role, place) in places.items():
        found[name] = person = Person.objects.create_user(f"bench-{name}", "bench-opens-the-shop", name=name)
        Person.objects.filter(pk=person.pk).update(last_login=at)
        seats.give(person, role, at=at - timedelta(days=1), **place)
    Guide.objects.filter(pk=known.guide_id).update(person=found["guide"])
    return found
