"""Storms: letters about tags and customers are lost, doubled and overtaken, answers get lost, while HQ, a guide and
WeCom's own console all change the same tags. Once it is over and a night's sync has passed, both sides are the same."""

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from guides.models import Guide, Relation
from members import libraries, tagchanges, taggings
from members.models import Identity, Marking, Member, Tag, TagChange
from members.tagchanges import CannotBe
from members.taglives import InUse
from scrm import clock
from tests.tags.conftest import Tags

NAMES = ["静安", "徐汇", "浦东", "普陀", "长宁", "虹口"]
LETTERS = {"drop": 0.3, "duplicate": 0.3, "reorder": 0.5, "reorder_seconds": 0.1}
ANSWERS = [
    {"path": "corp_tag", "errcode": -1, "times": 0.15},
    {"path": "corp_tag", "times": 0.2, "lose_answer": True},
    {"path": "mark_tag", "errcode": 45035, "times": 0.2},
    {"path": "mark_tag", "times": 0.2, "lose_answer": True},
]


class Storm:
    """Some hands that do something by chance, again and again."""

    def __init__(self, shelf: Tags, seed: int) -> None:
        self.shelf, self.chance = shelf, random.Random(seed)
        self.people = [self._customer(n) for n in range(3)]
        shelf.town.wx.faults.dice.seed(seed)
        shelf.town.wx.faults.set(**LETTERS, api=[dict(one) for one in ANSWERS])

    def _customer(self, n: int) -> Member:
        who = self.shelf.town.wx.customer(name=f"客{n}")
        guide = Guide.objects.filter(can_contact=True, postings__ends_at=None).order_by("pk")[n]
        self.shelf.town.wx.add(who, guide.userid)
        self.shelf.work(rounds=3, seconds=2)
        return Identity.objects.get(value=who).member

    def blow(self, times: int) -> None:
        hands: list[Callable[[], Any]] = [self.make, self.rename, self.delete, self.mark, self.mark, self.client]
        hands += [self.there_made, self.there_renamed, self.there_deleted, self.shuffle]
        for _ in range(times):
            with suppress(CannotBe, InUse, taggings.NotWeComs, AssertionError):  # somebody else was faster
                self.chance.choice(hands)()
            self.shelf.work(rounds=1, seconds=self.chance.choice([0, 1, 20]))

    def tag(self) -> Tag:
        alive = Tag.objects.filter(group__corp=self.shelf.corp, deleted_at=None, group__deleted_at=None)
        return self.chance.choice(list(alive.select_related("group__corp").order_by("pk")))

    def name(self) -> str:
        return self.chance.choice(NAMES) + self.chance.choice(["", "东", "西"])

    def make(self) -> None:
        tagchanges.create(self.shelf.corp, [self.name()], group_name="门店", by=None, at=clock.now())

    def rename(self) -> None:
        tagchanges.edit(self.tag(), name=self.name(), by=None, at=clock.now())

    def delete(self) -> None:
        tagchanges.delete(self.tag(), by=None, at=clock.now())

    def mark(self) -> None:
        who, on = self.chance.choice(self.people), self.chance.random() < 0.6
        taggings.mark([who.pk], self.tag(), puts_on=on, by=None, at=clock.now())

    def client(self) -> None:
        """A guide ticks other tags in her own client."""
        who = self.chance.choice(self.people)
        external = Identity.objects.get(member=who, kind="external_userid").value
        there = [tag.id for group in self._groups() for tag in group.alive]
        some = self.chance.sample(there, min(len(there), self.chance.randint(0, 2)))
        userid = Relation.objects.filter(member=who).latest("pk").guide.userid
        self.shelf.town.wx.edit(external, userid, tags=some)

    def _groups(self) -> list[Any]:
        return [group for group in self.shelf.town.wx.corp.tag_groups.values() if not group.deleted]

    def _one_there(self) -> str:
        return str(self.chance.choice([tag.id for group in self._groups() for tag in group.alive]))

    def there_made(self) -> None:
        self.shelf.town.wx.do("POST", "tags", group="门店", name=self.name())

    def there_renamed(self) -> None:
        self.shelf.town.wx.do("POST", f"tags/{self._one_there()}", name=self.name())

    def there_deleted(self) -> None:
        self.shelf.town.wx.do("DELETE", f"tags/{self._one_there()}")

    def shuffle(self) -> None:
        self.shelf.town.wx.do("POST", "tags/shuffle")

    def ends(self) -> None:
        """The sky clears, the worker comes to rest, and the night's sync mends what lost letters left behind."""
        self.shelf.town.wx.faults.clear()
        self.shelf.work(rounds=40, seconds=20)
        self.shelf.town.sync()
        libraries.library_changed([self.shelf.corp.pk], at=clock.now())
        self.shelf.work(rounds=4)


@pytest.mark.parametrize("seed", range(1, 5))
def test_after_any_storm_both_sides_are_the_same(shelf: Tags, seed: int) -> None:
    storm = Storm(shelf, seed)
    storm.blow(30)
    storm.ends()
    ours, theirs = shelf.places()
    assert shelf.ours() == shelf.theirs() and ours == theirs
    assert shelf.worn() == shelf.worn_there()
    assert not TagChange.objects.filter(state__in=["waiting", "asked"]).exists()
    assert not Marking.objects.filter(state__in=["waiting", "asked"]).exists()
