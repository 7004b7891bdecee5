"""What the house knows of a customer by itself: since when it knows her, where she joined, who she turned out to be,
and how far she came."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from members import persons, sights
from members.models import GradeChange, Joining, Member, Merge, Stage, StageChange
from members.timelines import Happening
from scrm import clock
from scrm.clock import start_of
from stores.models import Store
from stores.scope import SEES_CUSTOMERS, scope_of


def happenings(viewer: Any, members: Sequence[int], before: datetime | None, limit: int) -> Iterable[Happening]:
    """All of it: a person has few of these lines."""
    lines = [*_known(viewer, members), *_joined(viewer, members), *_merged(viewer, members), *_stood(viewer, members)]
    return [line for line in lines if before is None or line.at <= before]


def _known(viewer: Any, members: Sequence[int]) -> Iterable[Happening]:
    seen = Member.objects.visible_to(viewer).filter(pk__in=members)
    tells_all = scope_of(viewer, needs=SEES_CUSTOMERS).everything
    for one in seen:
        if tells_all:
            yield Happening(one.created_at, "member", _("Became known"), "", "person_add", "", "", f"known:{one.pk}")
        if one.registered_at:
            yield Happening(
                one.registered_at, "member", _("Registered"), "", "card_membership", "", "", f"reg:{one.pk}"
            )


def _joined(viewer: Any, members: Sequence[int]) -> Iterable[Happening]:
    seen = Joining.objects.visible_to(viewer).filter(member__in=members).select_related("store")
    for one in seen:
        at, store = start_of(one.on), one.store.name
        yield Happening(at, "member", _("Joined as a member"), "", "storefront", store, "", f"joining:{one.pk}")


def _merged(viewer: Any, members: Sequence[int]) -> Iterable[Happening]:
    """HQ alone reads who was found to be whom: other stores' customers are among them."""
    if not scope_of(viewer, needs=SEES_CUSTOMERS).everything:
        return
    for one in Merge.objects.filter(winner__in=members) | Merge.objects.filter(loser__in=members):
        why = str(one.get_rule_display())
        yield Happening(one.at, "merge", _("Found to be one person"), why, "merge", "", "", f"merge:{one.pk}")
        if one.undone_at:
            key = f"merge:{one.pk}:undone"
            yield Happening(one.undone_at, "merge", _("Taken apart again"), "", "call_split", "", "", key)


def _stood(viewer: Any, members: Sequence[int]) -> Iterable[Happening]:
    roots = set(persons.roots(list(members)).values())
    summed = sights.summed(viewer, roots, at=clock.now())
    tellings = StageChange.objects.filter(member__in=summed).values("member").annotate(last=Max("telling"))
    for root, telling in tellings.values_list("member", "last"):
        for one in StageChange.objects.filter(member=root, telling=telling):
            said = _("Stage: %s") % Stage(one.stage).label
            yield Happening(one.at, "stage", said, cause_words(one.cause), "stairs", "", "", f"stage:{one.pk}")
    yield from _graded(viewer, roots, summed)


def _graded(viewer: Any, roots: set[int], summed: set[int]) -> Iterable[Happening]:
    hers = set(Store.objects.visible_to(viewer, needs=SEES_CUSTOMERS).values_list("pk", flat=True))
    all_ = scope_of(viewer, needs=SEES_CUSTOMERS).everything
    for one in GradeChange.objects.filter(member__in=roots).select_related("store", "by"):
        if all_ or (one.store_id in hers if one.store_id else one.member_id in summed):
            said = _("Grade: %s") % (one.grade or "—")
            why = "，".join(filter(None, [str(one.get_cause_display()), one.reason]))
            store = one.store.name if one.store else ""
            yield Happening(one.at, "stage", said, why, "military_tech", store, "", f"grade:{one.pk}")


def cause_words(cause: str) -> str:
    """What moved her to a stage, in words."""
    words = {
        "known": _("became known"),
        "added": _("became friends with a guide"),
        "registered": _("registered"),
        "order": _("bought"),
        "ended": _("the last relation to a guide ended"),
        "time": _("did not buy for longer than usual for her"),
    }
    return words.get(cause.partition(" ")[0], "")
