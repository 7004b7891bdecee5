"""News from WeCom that is about guides: each handler takes all of a batch's events of its type."""

from collections.abc import Callable, Sequence
from typing import Any

from guides import bindings, groups, marks, roster
from guides.hearing import News
from scrm import clock
from scrm.wecom.events import Received

Batch = Sequence[Received[Any]]


def _news(received: Batch, kind: str | Callable[[Any], str]) -> list[News]:
    return [
        News(
            corp_id=r.corp_id,
            userid=r.event.userid,
            external_userid=r.event.external_userid,
            kind=kind if isinstance(kind, str) else kind(r.event),
            at=r.event.at,
            digest=r.digest,
            state=getattr(r.event, "state", ""),
            letter_id=r.letter_id,
        )
        for r in received
    ]


def bind(received: Batch) -> None:
    """Guide and customer became friends."""
    now = clock.now()
    noted = bindings.hear(_news(received, "add"), now=now)
    marks.put_on(noted, at=now)


def bind_half(received: Batch) -> None:
    """The customer added a guide who has not confirmed yet."""
    bindings.hear(_news(received, "half"), now=clock.now())


def dropped(received: Batch) -> None:
    """The guide deleted the customer, or handed her over."""
    bindings.hear(_news(received, lambda e: "transferred" if e.by_transfer else "guide_del"), now=clock.now())


def lost(received: Batch) -> None:
    """The customer deleted the guide."""
    bindings.hear(_news(received, "cust_del"), now=clock.now())


def edited(received: Batch) -> None:
    """The guide changed remark or tags; the customer is read again."""
    people = [(r.corp_id, r.event.external_userid) for r in received]
    marks.read_again(people, at=clock.now())


def chat_changed(received: Batch) -> None:
    """A group chat was made, changed or dismissed."""
    groups.hear(received, now=clock.now())


def tags_changed(received: Batch) -> None:
    """The tag library changed; it is read again."""
    marks.library_changed({r.corp_id for r in received}, at=clock.now())


def directory_changed(received: Batch) -> None:
    """People or departments came, changed or went; the roster is read again."""
    roster.changed({r.corp_id for r in received}, at=clock.now())


def person_left(received: Batch) -> None:
    """People left the company: their postings and seats end now, their codes go to others."""
    roster.left([(r.corp_id, r.event.userid, r.event.at) for r in received], at=clock.now())


def person_renamed(received: Batch) -> None:
    """People changed; who got a new userid keeps her customers."""
    roster.renamed([(r.corp_id, r.event.userid, r.event.new_userid) for r in received if r.event.new_userid])
    directory_changed(received)
