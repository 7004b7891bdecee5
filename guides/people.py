"""Single people of WeCom's directory, read when an event says that they came or changed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction

from guides import roster, staff
from guides.models import Guide
from scrm.ids import sql_id
from scrm.wecom.client import client_for
from scrm.wecom.errors import BackOff, Refused, Retry
from scrm.wecom.models import Corp
from stores.departments import stores_by_department

log = structlog.get_logger()
PAUSE = timedelta(seconds=2)
AGAIN = timedelta(minutes=2)
A_BATCH = 50

DUE = f"""
WITH told AS (
    SELECT DISTINCT ON (corp_id, lower(userid)) corp_id, userid
    FROM unnest(%(corps)s::bigint[], %(users)s::text[]) AS t (corp_id, userid) ORDER BY corp_id, lower(userid)
), known AS (
    UPDATE guides_guide g SET read_due_at = %(due)s FROM told
    WHERE g.corp_id = told.corp_id AND lower(g.userid) = lower(told.userid) RETURNING g.corp_id, lower(g.userid) AS low
)
INSERT INTO guides_guide (public_id, corp_id, userid, name, position, status, can_contact, read_due_at)
SELECT {sql_id("g_")}, corp_id, userid, '', '', 'placeholder', false, %(due)s FROM told
WHERE NOT EXISTS (SELECT FROM known WHERE known.corp_id = told.corp_id AND known.low = lower(told.userid))
ON CONFLICT DO NOTHING
"""


def read_again(told: Sequence[tuple[int, str]], *, at: datetime) -> None:
    """These people (corp, userid) are to be read; who is new to us gets a placeholder."""
    with connection.cursor() as cursor:
        cursor.execute(
            DUE, {"due": at + PAUSE, "corps": [corp for corp, _ in told], "users": [user for _, user in told]}
        )


def read_due(at: datetime) -> int:
    """How many people were read from WeCom (a lane of the worker)."""
    by_corp: dict[int, list[Guide]] = defaultdict(list)
    for guide in _claim(at):
        by_corp[guide.corp_id].append(guide)
    return sum(_read(corp, by_corp[corp.pk], at=at) for corp in Corp.objects.filter(pk__in=by_corp))


@transaction.atomic
def _claim(at: datetime) -> list[Guide]:
    due = Guide.objects.filter(read_due_at__lte=at).order_by("read_due_at")
    guides = list(due.select_for_update(skip_locked=True, of=("self",))[:A_BATCH])
    Guide.objects.filter(pk__in=[g.pk for g in guides]).update(read_due_at=at + AGAIN)
    return guides


def _read(corp: Corp, guides: Sequence[Guide], *, at: datetime) -> int:
    client = client_for(corp)
    try:
        followers = {userid.lower() for userid in client.externalcontact.get_follow_user_list()}
        told = list(_ask(corp, guides, at=at))
    except (Retry, BackOff):
        return 0  # due again when the claim runs out
    except Refused as refused:
        log.warning("guides.people.unreadable", corp=corp.pk, errcode=refused.errcode)
        told, followers = [], set()
    stores = stores_by_department(corp)
    staff.learn(corp, told, followers=followers, stores=stores, at=at)
    if any(department not in stores for one in told for department in one.departments):
        roster.changed([corp.pk], at=at)  # perhaps a store that we have not seen yet
    Guide.objects.filter(pk__in=[g.pk for g in guides], read_due_at=at + AGAIN).update(read_due_at=None)
    return len(told)


def _ask(corp: Corp, guides: Iterable[Guide], *, at: datetime) -> Iterable[staff.Staff]:
    """Who of these people WeCom still knows; of the others the whole roster is asked."""
    client = client_for(corp)
    for guide in guides:
        try:
            yield staff.of(client.directory.user(guide.userid))
        except (Retry, BackOff):
            raise
        except Refused:
            roster.changed([corp.pk], at=at)
