"""What changes comes into the sets and segments, of those alone of whom something changed."""

import pytest

from members import consents
from members.models import Change, Changed, Field, FieldValue, Member, Segment
from members.segments import bits, builds, counts, definitions, folds
from tests.cast import LAN, MEI, NOW, Cast, after

LIVE = {"field": "relation", "op": "is_any", "value": ["live"]}
NEW = {"field": "added", "op": "within", "days": 7}


@pytest.fixture
def two(cast: Cast) -> Cast:
    cast.add(MEI, "cai")
    cast.add(LAN, "dong")
    folds.fold(at=NOW)
    return cast


def within(segment: Segment) -> list[int]:
    return list(counts.members(Segment.objects.get(pk=segment.pk), viewer=None, at=NOW))


@pytest.mark.django_db
def test_a_segment_is_counted_and_follows_the_news(two: Cast) -> None:
    segment = definitions.make("朋友", LIVE, by=two.ada, at=NOW)
    mei, lan = two.member(MEI).pk, two.member(LAN).pk
    assert within(segment) == [mei, lan]  # before it is counted, too
    assert folds.fold(at=NOW) == 1
    assert within(segment) == [mei, lan]
    two.tell(MEI, "cai", "cust_del", at=after(hours=1))
    assert folds.fold(at=after(hours=1)) > 0
    assert within(segment) == [lan]
    last = Change.objects.filter(segment=segment).latest("pk")
    assert list(bits.unpacked(last.left)) == [mei] and last.entered_count == 0
    assert not Changed.objects.exists() and not builds.differences(at=NOW)


@pytest.mark.django_db
def test_a_new_day_moves_who_was_new(two: Cast) -> None:
    segment = definitions.make("新客", NEW, by=two.ada, at=NOW)
    folds.fold(at=after(days=6))
    assert len(within(segment)) == 2
    folds.fold(at=after(days=7))
    assert within(segment) == []
    assert Change.objects.filter(segment=segment).latest("pk").cause == "day"


@pytest.mark.django_db
def test_what_is_kept_of_a_rule_holds_for_the_fields_in_use(two: Cast) -> None:
    born = Field.objects.create(key="born", name="生日", kind=Field.Kind.DATE, at=NOW)
    FieldValue.objects.create(member=two.member(MEI), field=born, date=NOW.date(), at=NOW)
    segment = definitions.make("有生日", {"field": "field:born", "op": "is_filled"}, by=two.ada, at=NOW)
    folds.fold(at=NOW)
    assert within(segment) == [two.member(MEI).pk]
    for is_active in (False, True):
        Field.objects.update(is_active=is_active)
        builds.rebuild_all(at=NOW)
        assert within(segment) == [two.member(MEI).pk] * is_active
        assert not builds.differences(at=NOW)


@pytest.mark.django_db
def test_nothing_new_changes_nothing(two: Cast) -> None:
    assert folds.fold(at=after(minutes=1)) == 0
    Member.objects.filter(pk=two.member(MEI).pk).update(name="Mei")
    assert folds.fold(at=after(minutes=1)) == 0


@pytest.mark.django_db
def test_a_word_said_while_a_fold_begins_is_not_lost(two: Cast) -> None:
    allows = {"field": "consent", "op": "allows", "value": ["marketing_1v1"]}
    segment = definitions.make("可营销", allows, by=two.ada, at=NOW)
    folds.fold(at=NOW)
    consents.give(two.member(MEI), ["marketing_1v1"], terms="v1", at=after(seconds=2), source="form", by=two.ada)
    folds.fold(at=after(seconds=1))  # it was told the time before the word was said, and looked after it
    assert within(segment) == [two.member(MEI).pk] and not Changed.objects.exists()
