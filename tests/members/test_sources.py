"""The registry of sources: known by their first row, changed by people, paused and live."""

from dataclasses import dataclass

import pytest
from django.db import IntegrityError

from members import deliveries, sources
from members.models import Delivery, Source
from scrm.audit.models import Entry
from tests.cast import NOW, Cast


@dataclass
class Told:
    index: int
    status: str
    error: str = ""


def test_a_source_is_made_on_first_use_and_found_again(db: None) -> None:
    first = sources.named("pos", NOW)
    assert (first.kind, first.name, first.is_live) == ("api", "pos", True)
    assert sources.named("pos", NOW) == first
    assert Source.objects.count() == 1


@pytest.mark.parametrize("code", ["", "a b", "a/b", "x" * 41, "a\n"])
def test_what_cannot_stand_in_an_address_is_no_code(db: None, code: str) -> None:
    with pytest.raises(sources.NotACode):
        sources.named(code, NOW)


def test_a_paused_source_is_not_taken(cast: Cast) -> None:
    source = sources.named("有赞", NOW)
    sources.set_state(source, Source.State.PAUSED, by=cast.ada, at=NOW)
    sources.set_state(source, Source.State.PAUSED, by=cast.ada, at=NOW)
    with pytest.raises(sources.IsPaused):
        sources.named("有赞", NOW)
    assert Entry.objects.filter(verb="source.paused").count() == 1


def test_what_people_change_stands_in_the_book_and_nothing_twice(cast: Cast) -> None:
    source = sources.named("pos", NOW)
    for _again in range(2):
        sources.change(source, by=cast.ada, at=NOW, name="收银系统", owner=cast.otto)
    entry = Entry.objects.get(verb="source.changed")
    assert entry.detail["changed"] == {"name": ["pos", "收银系统"], "owner": [None, cast.otto.public_id]}


def test_a_secret_is_kept_sealed_and_told_once(cast: Cast) -> None:
    secret = sources.new_secret(sources.named("pos", NOW), by=cast.ada, at=NOW)
    assert Source.objects.get().secret == secret
    assert secret not in str(Entry.objects.get(verb="source.secret_made").detail)


def test_a_delivery_counts_every_row_and_groups_reasons(cast: Cast) -> None:
    said = [
        Told(0, "created"),
        Told(1, "rejected", 'store "S9" is unknown'),
        Told(2, "rejected", 'store "S8" is unknown'),
    ]
    kept = deliveries.record(
        sources.named("pos", NOW), "orders", said, at=NOW, by=cast.ada, numbers=["1", "2", "ORDER-13800138000"]
    )
    assert (kept.rows, kept.created, kept.rejected) == (3, 1, 2)
    assert kept.reasons == {"store … is unknown": 2}
    assert kept.examples[1] == {"row": "3", "number": "…138000", "error": "store … is unknown"}


def test_a_delivery_that_forgets_a_row_cannot_be_written(cast: Cast) -> None:
    source = sources.named("pos", NOW)
    with pytest.raises(IntegrityError, match="a_delivery_answers_every_row"):
        Delivery.objects.create(source=source, kind="orders", at=NOW, rows=3, created=2)
