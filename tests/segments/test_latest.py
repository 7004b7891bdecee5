"""Who allows a use is told by the kept sets, and of whom news wait by the rows: quickly, and never late."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pyroaring import BitMap

from members import allowances, consents, terms
from members.models import Consent, Member, Segment
from members.segments import audiences, counts, definitions, families, folds, latest, traits
from tests.cast import LAN, MEI, NOW, Cast, after

MARKETING = Consent.Purpose.MARKETING_1V1
EVERYBODY = {"field": "first_order", "op": "never"}


@pytest.fixture
def both(cast: Cast) -> Segment:
    """Mei, who allows marketing, and Lan, who does not."""
    cast.add(MEI, "cai")
    cast.add(LAN, "gu")
    consents.give(cast.member(MEI), [MARKETING], terms="v1", at=NOW, source="form", by=cast.ada)
    segment = definitions.make("都来", EVERYBODY, by=cast.ada, at=NOW)
    while folds.fold(at=NOW):
        pass
    return Segment.objects.get(pk=segment.pk)


def frozen(segment: Segment, at: Any = NOW) -> list[int]:
    return list(audiences.members(audiences.freeze(segment, MARKETING, at, by="test")))


@contextmanager
def asked() -> Iterator[CaptureQueriesContext]:
    with CaptureQueriesContext(connection) as queries:
        yield queries


def spoke_of(queries: CaptureQueriesContext, table: str) -> bool:
    return any(f'"{table}"' in query["sql"] or f" {table} " in query["sql"] for query in queries)


@pytest.mark.django_db
def test_an_audience_is_frozen_without_a_look_at_any_word(cast: Cast, both: Segment) -> None:
    with asked() as queries:
        assert frozen(both) == [cast.member(MEI).pk]
    assert not spoke_of(queries, "members_consent") and len(queries) < 15


@pytest.mark.django_db
def test_who_spoke_since_the_last_fold_is_heard(cast: Cast, both: Segment) -> None:
    consents.withdraw(cast.member(MEI), [MARKETING], at=after(minutes=1), source="form")
    consents.give(cast.member(LAN), [MARKETING], terms="v1", at=after(minutes=1), source="form", by=cast.ada)
    assert frozen(both, after(minutes=2)) == [cast.member(LAN).pk]


@pytest.mark.django_db
def test_more_news_than_a_few_are_heard_too(cast: Cast, both: Segment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latest, "FEW", 0)
    consents.withdraw(cast.member(MEI), [MARKETING], at=after(minutes=1), source="form")
    assert latest.kept(traits.CONSENT, 0, at=after(minutes=2)) is None
    assert frozen(both, after(minutes=2)) == []


@pytest.mark.django_db
@pytest.mark.parametrize("is_folded", [False, True])
def test_terms_count_from_the_minute_in_which_they_hold(cast: Cast, both: Segment, is_folded: bool) -> None:
    for version, text, hours in (("v2", "…", 1), ("v3", "anything", 2)):
        told: dict[str, Any] = {"title": version, "valid_from": after(hours=hours)}
        terms.publish(version, {MARKETING: text}, by=cast.ada, at=NOW, **told)
    while is_folded and folds.fold(at=NOW):
        pass
    assert frozen(both) == [cast.member(MEI).pk]
    assert latest.kept(traits.CONSENT, 0, at=after(hours=3)) is None
    assert frozen(both, after(hours=3)) == []
    assert folds.fold(at=after(hours=3)) and not folds.fold(at=after(hours=3))
    assert latest.kept(traits.CONSENT, 0, at=after(hours=3)) and frozen(both, after(hours=3)) == []


@pytest.mark.django_db
def test_after_midnight_the_sets_of_yesterday_say_nothing(cast: Cast, both: Segment) -> None:
    Member.objects.filter(pk=cast.member(MEI).pk).update(minor_until=NOW.date())
    folds.fold(at=NOW)
    assert latest.kept(traits.CONSENT, 0, at=after(days=1)) is None
    assert frozen(both, after(days=1)) == [cast.member(MEI).pk]


@pytest.mark.django_db
def test_a_merge_that_waits_is_heard(cast: Cast, both: Segment) -> None:
    mei, lan = cast.member(MEI), cast.member(LAN)
    consents.withdraw(lan, [MARKETING], at=NOW, source="form")
    folds.fold(at=NOW)
    Member.objects.filter(pk=lan.pk).update(same_person_as=mei)
    assert audiences.allowing(BitMap([mei.pk]), MARKETING, at=NOW) == BitMap()


@pytest.mark.django_db
@pytest.mark.parametrize("purpose", list(Consent.Purpose))
def test_sets_and_words_say_the_same(cast: Cast, both: Segment, purpose: str) -> None:
    everybody = counts.everybody_of(EVERYBODY, at=NOW)
    said = families.roots(allowances.allowing(purpose, at=NOW))
    assert audiences.allowing(everybody, purpose, at=NOW) == said & everybody
