"""Codes as people look at them: which they may see, what each brought, how it stands with WeCom."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from guides.models import Code, Guide, Posting, Relation
from stores.models import Store
from stores.scope import scope_of

RECENTLY = timedelta(days=7)


def with_adds(codes: QuerySet[Code], *, at: datetime) -> QuerySet[Code]:
    """The codes with `adds`: how many relations each brought in the last seven days."""
    recent = Relation.objects.filter(code=OuterRef("pk"), added_at__gte=at - RECENTLY).order_by()
    counted = recent.values("code").annotate(n=Count("pk")).values("n")
    return codes.annotate(adds=Coalesce(Subquery(counted), 0))


def condition(code: Code) -> tuple[str, Any]:
    """How a code stands: ready, making or trouble, and that in words."""
    if code.trouble:
        return "trouble", code.get_trouble_display()
    if not code.config_id:
        return "making", _("WeCom is making it")
    return ("ready", _("ready")) if code.wanted == code.pushed else ("making", _("WeCom is being told"))


def guides_at(store: Store, corp_id: int | None = None) -> QuerySet[Guide]:
    """The guides of a store to whom a code may lead, of one corp if it is given."""
    able = Guide.objects.able().filter(postings__store=store, postings__ends_at=None)
    return (able.filter(corp=corp_id) if corp_id else able).order_by("name").distinct()


def unplaced(viewer: Any) -> QuerySet[Relation]:
    """The relations without a store that the viewer may place: her own; a manager's, those of her guides too.

    A guide who comes from elsewhere does not bring the customers whom she won there.
    """
    lost = Relation.objects.filter(store=None, added_at__isnull=False)
    scope = scope_of(viewer)
    if not (scope.everything or scope.regions or scope.franchisees or scope.stores):
        return lost.filter(guide__person=viewer.pk)
    return lost if scope.everything else lost.filter(Exists(_worked_here(viewer)))


def _worked_here(viewer: Any) -> QuerySet[Posting]:
    """The present postings in the viewer's stores that began before an add, or as the first that we know of."""
    earlier = Posting.objects.filter(guide=OuterRef("guide"), starts_at__lt=OuterRef("starts_at"))
    here = Posting.objects.visible_to(viewer).filter(guide=OuterRef("guide"), ends_at=None)
    return here.filter(Q(starts_at__lte=OuterRef("added_at")) | ~Exists(earlier))


def works_elsewhere(guide: Guide, viewer: Any) -> bool:
    """Whether she works at a store that the viewer does not see."""
    seen = Posting.objects.visible_to(viewer)
    return guide.postings.filter(ends_at=None).exclude(pk__in=seen.values("pk")).exists()  # type: ignore[attr-defined]


def stores_for(relation: Relation, viewer: Any) -> QuerySet[Store]:
    """The stores among which the viewer chooses: where the guide is posted, as far as the viewer sees."""
    posted = relation.guide.postings.filter(ends_at=None).values("store")
    return Store.objects.visible_to(viewer).filter(pk__in=posted)
