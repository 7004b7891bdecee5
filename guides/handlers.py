"""News from WeCom that is about guides: each handler takes all of a batch's events of its types, in order."""

from collections.abc import Sequence
from typing import Any

from guides import bindings, groups, marks, people, roster, staff
from guides.epochs import ADD, CUSTOMER_DELETED, GUIDE_DELETED, HALF, TRANSFERRED
from guides.hearing import News
from scrm import clock
from scrm.wecom import events
from scrm.wecom.events import Received

Batch = Sequence[Received[Any]]
KINDS = {events.ContactAdded: ADD, events.ContactHalfAdded: HALF, events.CustomerDeletedGuide: CUSTOMER_DELETED}


def contact_changed(received: Batch) -> None:
    """Guides and customers became friends or parted, or a guide changed remark or tags: the customer is read again."""
    now = clock.now()
    kinds = [(r, _kind(r.event)) for r in received]
    noted = bindings.hear([_news(r, kind) for r, kind in kinds if kind], now=now)
    marks.put_on(noted, at=now)
    marks.read_again([(r.corp_id, r.event.external_userid) for r, kind in kinds if not kind], at=now)


def _kind(event: Any) -> str:
    """The kind of the fact that an event tells us; empty when it tells none."""
    if isinstance(event, events.GuideDeletedContact):
        return TRANSFERRED if event.by_transfer else GUIDE_DELETED
    return KINDS.get(type(event), "")


def _news(received: Received[Any], kind: str) -> News:
    event = received.event
    return News(
        corp_id=received.corp_id,
        userid=event.userid,
        external_userid=event.external_userid,
        kind=kind,
        at=event.at,
        digest=received.digest,
        state=getattr(event, "state", ""),
        letter_id=received.letter_id,
    )


def chat_changed(received: Batch) -> None:
    """A group chat was made, changed or dismissed."""
    groups.hear(received, now=clock.now())


def tags_changed(received: Batch) -> None:
    """The tag library changed; it is read again."""
    marks.library_changed({r.corp_id for r in received}, at=clock.now())


def directory_changed(received: Batch) -> None:
    """Departments came, changed or went; the roster is read again."""
    roster.changed({r.corp_id for r in received}, at=clock.now())


def person_left(received: Batch) -> None:
    """People left the company: their postings and seats end now, their codes go to others."""
    roster.left([(r.corp_id, r.event.userid, r.event.at) for r in received], at=clock.now())


def person_came(received: Batch) -> None:
    """People were hired; each is read from the directory."""
    people.read_again([(r.corp_id, r.event.userid) for r in received], at=clock.now())


def person_changed(received: Batch) -> None:
    """People changed; who got a new userid keeps her customers."""
    for r in received:
        if r.event.new_userid:
            staff.rename(r.corp_id, r.event.userid, r.event.new_userid)
    told = [(r.corp_id, r.event.new_userid or r.event.userid) for r in received]
    people.read_again(told, at=clock.now())
