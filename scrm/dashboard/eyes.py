"""What somebody may see of letters: through the relations that they are about, or before there is one."""

from collections.abc import Collection
from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from guides import listings
from guides.models import Code, Guide, Relation, RelationFact
from scrm.wecom.models import Letter
from stores.access import Permission
from stores.models import Store
from stores.scope import scope_of


def facts_within(relations: QuerySet[Relation]) -> QuerySet[RelationFact]:
    """The facts that fall into the time of these relations, the ends included."""
    mine = relations.filter(member=OuterRef("member"), guide=OuterRef("guide"), opened_at__lte=OuterRef("at"))
    return RelationFact.objects.filter(Exists(mine.filter(Q(ended_at=None) | Q(ended_at__gte=OuterRef("at")))))


class Eyes:
    """What a viewer may see of letters; asks the database once for each question."""

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.scope = scope_of(viewer, needs=Permission.SEE_CUSTOMERS)
        self.sees_all = self.scope.everything

    def letters(self) -> QuerySet[Letter]:
        """The letters whose stories she may read, without what waits or was set aside below HQ."""
        rows = Letter.objects.defer("body")
        if self.sees_all:
            return rows
        told = facts_within(self.relations()).filter(letter_id__isnull=False)
        mine = Q(code=None) | Q(code__store__in=self.stores) | Q(guide__person=self.viewer.pk)
        return rows.filter(pk__in=told.filter(mine).values("letter_id"))

    def relations(self) -> QuerySet[Relation]:
        """The relations that she sees, and those without a store that she may place."""
        seen = Relation.objects.visible_to(self.viewer)
        if self.sees_all:
            return seen
        waiting = listings.unplaced(self.viewer)
        return Relation.objects.filter(Q(pk__in=seen.values("pk")) | Q(pk__in=waiting.values("pk")))

    @cached_property
    def stores(self) -> set[int]:
        """The stores that she sees."""
        hers = Store.objects.visible_to(self.viewer, needs=Permission.SEE_CUSTOMERS)
        return set(hers.values_list("pk", flat=True))

    @cached_property
    def overseen(self) -> set[int]:
        """Those in which she sees more than her own work."""
        return self.stores - (self.scope.work - self.scope.stores)

    def code(self, code: Code | None, guide: Guide | None) -> bool:
        """Whether she may hear of a scan of this code: a guide of two owners has customers with codes of both."""
        return code is None or code.store_id in self.stores or bool(guide and guide.person_id == self.viewer.pk)

    def unapplied(self, guide: Guide | None, code: Code | None, workplaces: Collection[int]) -> bool:
        """Whether she may read a letter from which nothing followed yet."""
        if self.sees_all:
            return True
        if guide is None:
            return False
        if guide.person_id == self.viewer.pk:
            return True
        if code is not None:
            return code.store_id in self.overseen
        return bool(workplaces) and set(workplaces) <= self.overseen
