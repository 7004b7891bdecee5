"""Folding processes killed at any point, and two at once: the sets are what the rows say, and nobody enters twice."""

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from members.models import Change, Changed, Engine, Segment
from members.segments import builds, definitions, folds, sets
from tests.cast import NOW, assemble
from tests.chaos.house import until
from tests.segments import naive, worlds
from tests.segments.test_always_the_same import kept, replayed, segments
from tests.segments.worlds import PEOPLE, World

ROOT = Path(__file__).parents[2]
POINTS = (
    "members_engine",
    "members_change",
    "members_bitmap",
    "members_snapshot",
    "members_segmentchange",
    "members_segment",
)
WAITING = "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname = %s AND NOT l.granted"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.chaos, pytest.mark.timeout(600)]
Start = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def world(transactional_db: None) -> Iterator[World]:
    """People and four segments of them, two in one exclusive group, one that looks back thirty days; all counted."""
    cast = assemble()
    found = worlds.made(cast)
    tags = [tag.public_id for tag in found.tags]
    group = definitions.make_group("玩法", by=cast.ada, at=NOW)
    for n, rule in enumerate(
        (
            {"field": "tag", "op": "has_any", "value": tags[:1]},
            {"none": [{"field": "tag", "op": "has_any", "value": tags[1:]}]},
        )
    ):
        definitions.make(f"G{n}", rule, by=cast.ada, at=NOW, group=group, priority=n)
    recent = {"field": "orders", "op": "at_least", "value": 1, "days": 30}
    inner = {"field": "segment", "op": "in", "value": [Segment.objects.get(name="G0").public_id]}
    definitions.make("近30天", recent, by=cast.ada, at=NOW)
    definitions.make("之一", {"any": [inner, recent]}, by=cast.ada, at=NOW)
    settle()
    yield found
    sets.SHELF.forget()


@pytest.fixture
def start(database_urls: dict[str, str]) -> Iterator[Start]:
    """`start()` begins a process that folds; none is left."""
    env = {**os.environ, **database_urls, "PROFILE": "test", "DJANGO_SETTINGS_MODULE": "scrm.settings"}
    words = [sys.executable, "-m", "tests.segments.folder", NOW.isoformat()]
    begun: list[subprocess.Popen[bytes]] = []

    def begin() -> "subprocess.Popen[bytes]":
        begun.append(subprocess.Popen(words, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return begun[-1]

    yield begin
    for process in begun:
        kill(process)


def kill(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


def settle() -> None:
    while folds.fold(at=NOW):
        pass


def happen(world: World, dice: random.Random) -> None:
    """A few things that move people in and out."""
    who = dice.randrange(PEOPLE)
    deeds: tuple[tuple[Any, ...], ...] = (
        ("tag", who, dice.randrange(3), None),
        ("untag", who, dice.randrange(3)),
        ("order", who, dice.randrange(40), 100, dice.randrange(3)),
        ("refund", who),
        ("merge", who, dice.randrange(PEOPLE)),
        ("unmerge", who),
    )
    worlds.happen(world, dice.choice(deeds))


def turn(world: World) -> None:
    """Everybody who bears the first tag loses it, and the others get it: each segment moves."""
    bear = set(world.tags[0].member_tags.values_list("member", flat=True))  # type: ignore[attr-defined]
    for n, member in enumerate(world.members):
        worlds.happen(world, ("untag", n, 0) if member.pk in bear else ("tag", n, 0, None))


def assert_sound() -> None:
    assert not Changed.objects.exists() and builds.differences(at=NOW) == {}
    for segment in segments():
        expected = naive.inside(segment, NOW)
        assert kept(segment) == expected == replayed(segment), segment.name
        assert Segment.objects.get(pk=segment.pk).size == len(expected)


@pytest.mark.parametrize("table", POINTS)
def test_killed_before_it_writes_it_has_done_nothing(
    world: World, start: Start, table: str, database_urls: dict[str, str]
) -> None:
    turn(world)
    waits, changes, engine = Changed.objects.count(), Change.objects.count(), Engine.objects.values().get()
    with psycopg.connect(database_urls["DATABASE_OWNER_URL"]) as holder:
        holder.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        process = start()
        with psycopg.connect(database_urls["DATABASE_OWNER_URL"], autocommit=True) as watcher:
            until(lambda: watcher.execute(WAITING, [table]).fetchone() != (0,))
        kill(process)
    assert (Changed.objects.count(), Change.objects.count()) == (waits, changes)
    assert Engine.objects.values().get() == engine
    settle()
    assert Change.objects.count() > changes
    assert_sound()


def test_killed_at_any_moment_while_things_happen(world: World, start: Start) -> None:
    dice = random.Random(7)
    for _round in range(5):
        process, before = start(), Engine.objects.get().revision
        for _deed in range(10):
            happen(world, dice)
        until(lambda revision=before: Engine.objects.get().revision > revision)  # it is at work
        for _deed in range(dice.randrange(30)):
            happen(world, dice)
        kill(process)
    settle()
    assert_sound()


def test_two_fold_at_once_and_nobody_enters_twice(world: World, start: Start) -> None:
    dice, processes = random.Random(11), [start(), start()]
    for _round in range(6):
        turn(world)
        for _deed in range(10):
            happen(world, dice)
        until(lambda: not Changed.objects.exists())
    assert [process.poll() for process in processes] == [None, None]
    for process in processes:
        kill(process)
    settle()
    assert_sound()
