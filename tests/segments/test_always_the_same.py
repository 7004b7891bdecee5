"""However things happen, late, twice, in any order: the sets that follow the news, the sets made anew, and one person
asked after the other come to the same people, and who entered and left is exactly what differs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from members.models import Change, Segment
from members.segments import bits, builds, counts, definitions, exclusives, folds, rules, sets
from tests.cast import NOW, Cast
from tests.segments import naive, worlds
from tests.segments.worlds import DEEDS, World

QUIETLY = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink a whole world takes longer than to read it
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Over(Exception):
    """An example ends, and nothing of it stays."""


@contextmanager
def example(cast: Cast) -> Iterator[World]:
    try:
        with transaction.atomic():
            yield worlds.made(cast)
            raise Over
    except Over:
        sets.SHELF.forget()


def let_happen(world: World, deeds: list[tuple[Any, ...]]) -> None:
    for deed in deeds:
        if deed[0] == "fold":
            folds.fold(at=world.at)
        else:
            worlds.happen(world, deed)
    while folds.fold(at=world.at):
        pass


def segments() -> list[Segment]:
    return list(Segment.objects.live().select_related("version"))


def kept(segment: Segment) -> set[int]:
    return set(counts.members(Segment.objects.get(pk=segment.pk), viewer=None, at=NOW))


def replayed(segment: Segment) -> set[int]:
    """The changes one after the other: nobody enters who is in, nobody leaves who is out."""
    found: set[int] = set()
    for change in Change.objects.filter(segment=segment).order_by("pk"):
        entered, left = set(bits.unpacked(change.entered)), set(bits.unpacked(change.left))
        assert not entered & found and left <= found and (entered or left)
        found = (found | entered) - left
    return found


@pytest.mark.django_db
@QUIETLY
@given(data=st.data(), before=st.lists(DEEDS, max_size=12), after=st.lists(DEEDS, min_size=4, max_size=20))
def test_following_building_and_asking_one_by_one_agree(cast: Cast, data: Any, before: Any, after: Any) -> None:
    with example(cast) as world:
        let_happen(world, before)
        for n in range(3):
            rule = data.draw(worlds.trees(world))
            assert rules.check(rule) == []
            definitions.make(f"S{n}", rule, by=cast.ada, at=world.at)
        let_happen(world, after)
        for segment in segments():
            expected = naive.inside(segment, world.at)
            assert kept(segment) == expected == replayed(segment), segment.version.rule
            assert Segment.objects.get(pk=segment.pk).size == len(expected)
            assert counts.count(segment.version.rule, viewer=None, at=world.at) == len(expected)
        assert builds.differences(at=world.at) == {}


@pytest.mark.django_db
@QUIETLY
@given(data=st.data(), deeds=st.lists(DEEDS, min_size=4, max_size=20))
def test_segments_of_segments_and_of_a_group_agree_too(cast: Cast, data: Any, deeds: Any) -> None:
    with example(cast) as world:
        group = definitions.make_group("玩法", by=cast.ada, at=NOW)
        for n in range(3):
            definitions.make(f"G{n}", data.draw(worlds.leaves(world)), by=cast.ada, at=NOW, group=group, priority=9 - n)
        one = Segment.objects.get(name="G1")
        inner = {"field": "segment", "op": data.draw(st.sampled_from(["in", "not_in"])), "value": [one.public_id]}
        rule = {"all": [inner, data.draw(worlds.leaves(world))]}
        definitions.make("of", rule, by=cast.ada, at=NOW)
        let_happen(world, deeds)
        for segment in segments():
            assert kept(segment) == naive.inside(segment, world.at) == replayed(segment)
        assert exclusives.overlap(group, at=world.at).twice == 0
        members = {segment.pk: kept(segment) for segment in segments()}
        builds.rebuild_all(at=world.at)
        assert {segment.pk: kept(segment) for segment in segments()} == members
