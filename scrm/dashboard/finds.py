"""Whom or what somebody means whose story she wants to read: customers, codes and guides, as far as she sees them."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from guides.models import Code, Guide, Note, Relation
from members.models import Identity, Member
from scrm.dashboard.eyes import Eyes
from scrm.wecom.models import Corp
from stores.access import Permission
from stores.scope import scope_of

MOST = 8  # of each kind; who does not find it types more
LATEST = 12


@dataclass(frozen=True)
class Hits:
    """What a text may mean; `more` says that there are others."""

    members: list[Member] = field(default_factory=list)
    codes: list[Code] = field(default_factory=list)
    guides: list[Guide] = field(default_factory=list)
    more: bool = False

    def all(self) -> list[Any]:
        return [*self.members, *self.codes, *self.guides]


def members_of(viewer: Any) -> QuerySet[Member]:
    """The customers whose stories the viewer may read, at least in part."""
    if scope_of(viewer).everything:
        return Member.objects.all()
    return Member.objects.filter(pk__in=Eyes(viewer).relations().values("member"))


def codes_of(viewer: Any) -> QuerySet[Code]:
    """The codes that she sees, those that were deleted too."""
    return Code.objects.visible_to(viewer).select_related("store").defer("qr_image")


def guides_of(viewer: Any) -> QuerySet[Guide]:
    """The guides that she sees; a guide sees herself."""
    seen = Guide.objects.visible_to(viewer)
    return seen if viewer.may(Permission.SEE_PEOPLE) else seen.filter(person=viewer.pk)


def latest(viewer: Any, day: date) -> list[Relation]:
    """Who was bound on this Shanghai day or the one before, newest first, as far as the viewer sees the relations."""
    rows = Eyes(viewer).relations().filter(added_day__gte=day - timedelta(days=1), added_day__lte=day)
    return list(rows.select_related("member", "guide", "store").order_by("-opened_at", "-pk")[:LATEST])


def find(viewer: Any, text: str) -> Hits:
    """What the text may mean: a name, an id, a number, or what a guide noted."""
    members, codes, guides = _members(viewer, text), _codes(viewer, text), _guides(viewer, text)
    more = any(len(rows) > MOST for rows in (members, codes, guides))
    return Hits(members[:MOST], codes[:MOST], guides[:MOST], more)


def _members(viewer: Any, text: str) -> list[Member]:
    """By id first, since an id means one; else by the beginning of her name or of a guide's remark."""
    seen = members_of(viewer)
    named = Identity.objects.filter(kind=Identity.Kind.EXTERNAL_USERID, corp__in=Corp.objects.values("pk"), value=text)
    if exact := list(seen.filter(Q(public_id=text) | Q(pk__in=list(named.values_list("member", flat=True))))):
        return exact
    noted = _noted(viewer, text).values_list("member", flat=True)[: MOST + 1]
    by_name = list(seen.filter(name__istartswith=text).order_by("-pk")[: MOST + 1])
    known = {member.pk for member in by_name}
    return [*by_name, *seen.filter(pk__in=set(noted) - known)]


def _noted(viewer: Any, text: str) -> QuerySet[Note]:
    """The notes with this remark in relations that she sees: a guide writes some for other stores too."""
    notes, mine = Note.objects.filter(remark=text), Eyes(viewer).relations()
    if scope_of(viewer).everything:
        return notes
    return notes.filter(Exists(mine.filter(member=OuterRef("member"), guide=OuterRef("guide"))))


def _codes(viewer: Any, text: str) -> list[Code]:
    if not viewer.may(Permission.SEE_CODES):
        return []
    called = Q(name__icontains=text) | Q(state=text) | Q(config_id=text) | Q(public_id=text)
    here = Q(store__name__icontains=text) | Q(store__code__iexact=text)
    return list(codes_of(viewer).filter(called | here).order_by("deleted_at", "store__code", "name")[: MOST + 1])


def _guides(viewer: Any, text: str) -> list[Guide]:
    called = Q(name__icontains=text) | Q(userid__istartswith=text) | Q(public_id=text)
    return list(guides_of(viewer).filter(called).order_by("name", "pk")[: MOST + 1])
