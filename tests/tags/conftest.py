"""A town with a WeCom of its own, its tag library, and what the worker does about tags."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from members import libraries, tagchanges, tagruns
from members.models import MemberTag, Tag, TagGroup
from scrm import clock
from scrm.wecom import calls, inbox
from tests.drift.conftest import Town
from tests.drift.conftest import town as town  # the fixture
from tests.walks.conftest import house as house  # the fixture


@dataclass
class Tags:
    """Both sides of a tag library."""

    town: Town

    @property
    def corp(self) -> Any:
        return self.town.house.corp

    def work(self, *, rounds: int = 12, seconds: float = 15) -> None:
        """What the worker does about tags for some minutes."""
        for _ in range(rounds):
            self.town.wx.settle()
            at = clock.now()
            inbox.hand_on(at)
            libraries.read_due(at)
            tagchanges.lane(at)
            tagruns.lane(at)
            calls.make(at)
            calls.tell(at)
            self.town.travel.shift(timedelta(seconds=seconds))

    def ours(self) -> dict[str, list[str]]:
        groups = TagGroup.objects.filter(corp=self.corp, deleted_at=None).order_by("-rank", "name")
        alive = Tag.objects.filter(group__corp=self.corp, deleted_at=None)
        return {g.name: sorted(alive.filter(group=g).values_list("name", flat=True)) for g in groups}

    def theirs(self) -> dict[str, list[str]]:
        alive = [group for group in self.town.wx.corp.tag_groups.values() if not group.deleted]
        return {group.name: sorted(tag.name for tag in group.alive) for group in alive}

    def places(self) -> tuple[dict[str, int], dict[str, int]]:
        """The order of tags, ours and theirs."""
        alive = Tag.objects.filter(group__corp=self.corp, deleted_at=None)
        told = [tag for g in self.town.wx.corp.tag_groups.values() if not g.deleted for tag in g.alive]
        return {t.tag_id or "": t.rank for t in alive}, {t.id: t.order for t in told}

    def group(self, name: str) -> TagGroup:
        return TagGroup.objects.get(corp=self.corp, name=name, deleted_at=None)

    def tag(self, name: str) -> Tag:
        return Tag.objects.select_related("group__corp").get(group__corp=self.corp, name=name, deleted_at=None)

    def worn(self) -> set[tuple[str, str]]:
        """(tag, guide) of all that customers bear with us."""
        rows = MemberTag.objects.filter(source="wecom", tag__deleted_at=None)
        return set(rows.values_list("tag__tag_id", "source_key"))

    def worn_there(self) -> set[tuple[str, str]]:
        pairs = self.town.wx.corp.relations.values()
        alive = {tag.id for group in self.town.wx.corp.tag_groups.values() if not group.deleted for tag in group.alive}
        return {(tag, relation.userid.lower()) for relation in pairs for tag in relation.tags if tag in alive}


@pytest.fixture
def shelf(town: Town) -> Iterator[Tags]:
    return Tags(town)
