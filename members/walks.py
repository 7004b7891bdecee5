"""Down a list, newest first, to those whom a viewer may see: a page costs the same whether these are three hundred or
three hundred thousand.

Who covers a good part of all stores meets the next ones within a few steps: each step takes the newest of the list that
were not looked at yet, and keeps those whom she may see. Who covers few stores has few customers, so all of hers are
gathered at once; the same is done for one who went far and met too few.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from members.models import Member
from stores.models import Store
from stores.scope import SEES_CUSTOMERS, scope_of

AT_LEAST, AT_MOST = 100, 10_000  # of the list are looked at in the first step, and in all
ONE_IN = 300  # who covers fewer stores of all than this meets too few on the way


@dataclass(frozen=True)
class Look:
    """What is so, or is not so, of some member of the person whom the viewer herself may see."""

    of: Q = field(default_factory=Q)
    is_so: bool = True


def newest(rows: QuerySet[Member], viewer: Any, n: int, looks: Sequence[Look] = ()) -> list[int]:
    """The keys of the newest persons of a list of surviving members whom the viewer may see, at most so many."""
    rows = rows.order_by("-pk")
    if share := share_walked(viewer):
        found = _down(rows, n, share, lambda keys: _looked_at(viewer, keys, looks))
        if found is not None:
            return found
    return list(whole(rows, viewer, looks).values_list("pk", flat=True)[:n])


def whole(rows: QuerySet[Member], viewer: Any, looks: Sequence[Look] = ()) -> QuerySet[Member]:
    """The same list as a query over all whom she may see, for those who read all of it."""
    if scope_of(viewer, needs=SEES_CUSTOMERS).everything:
        return rows
    for look in _all(looks):
        seen = Member.objects.visible_to(viewer).filter(look.of).order_by().values(root=ROOT)
        rows = rows.filter(pk__in=seen) if look.is_so else rows.exclude(pk__in=seen)
    return rows


def share_walked(viewer: Any) -> float:
    """How large a part of all stores is the viewer's; 0 where she is better told at once: HQ, whose everybody is, a
    guide, who sees her own customers only, and who has few stores."""
    seats = scope_of(viewer, needs=SEES_CUSTOMERS)
    if seats.everything or not (seats.regions or seats.franchisees or seats.stores):
        return 0.0
    hers, all_ = Store.objects.visible_to(viewer, needs=SEES_CUSTOMERS).count(), Store.objects.count()
    return hers / all_ if hers * ONE_IN >= all_ > 0 else 0.0


ROOT = Coalesce("same_person_as", "pk")


def _all(looks: Sequence[Look]) -> Sequence[Look]:
    return looks if any(look.is_so for look in looks) else (Look(), *looks)


def _down(rows: QuerySet[Member], n: int, share: float, seen: Callable[[list[int]], set[int]]) -> list[int] | None:
    """The first n of a list in its order; None where the steps did not suffice to say."""
    found: list[int] = []
    for keys, is_last in _steps(rows, int(1.5 * n / share)):
        whom = seen(keys)
        found += [key for key in keys if key in whom]
        if len(found) >= n or is_last:
            return found[:n]
    return None


def _steps(rows: QuerySet[Member], size: int) -> Iterator[tuple[list[int], bool]]:
    """The keys of a list, more at a time, and whether these are its last."""
    beyond = "pk__lt" if rows.query.order_by == ("-pk",) else "pk__gt"
    left, done, size = rows, 0, min(max(size, AT_LEAST), AT_MOST)
    while done < AT_MOST:
        keys = list(left.values_list("pk", flat=True)[:size])
        yield keys, len(keys) < size
        if keys:
            left = rows.filter(**{beyond: keys[-1]})
        done, size = done + size, size * 4


def _looked_at(viewer: Any, roots: Collection[int], looks: Sequence[Look]) -> set[int]:
    """Of these persons, those whom the viewer sees and finds to be so."""
    members = Member.objects.filter(Q(pk__in=roots) | Q(same_person_as__in=roots))
    found: set[int] | None = None
    for look in sorted(_all(looks), key=lambda one: not one.is_so):
        here = set(_met(viewer, members.filter(look.of)).values_list(ROOT, flat=True))
        found = here if found is None else found & here if look.is_so else found - here
    return found or set()


def _met(viewer: Any, members: QuerySet[Member]) -> QuerySet[Member]:
    """Of few members, those whom the viewer may see. Each is looked up by herself: asked with EXISTS, the database
    gathers all whom the viewer sees, since it does not know how few are asked for."""
    ways = []
    for name in Member.seen_through:
        rows: Any = Member._meta.get_field(name).related_model
        seen = rows.objects.visible_to(viewer).filter(member=OuterRef("pk")).order_by()
        ways.append(Subquery(seen.values("member")[:1]))
    return members.filter(erased_at=None).alias(met=Coalesce(*ways)).filter(met__isnull=False).order_by()


class Walk:
    """A list of members, each for herself, of which pages are read: in its order, below a mark, so many."""

    def __init__(self, rows: QuerySet[Member], viewer: Any, share: float) -> None:
        self.rows, self.viewer, self.share = rows, viewer, share

    def order_by(self, *names: str) -> "Walk":
        return Walk(self.rows.order_by(*names), self.viewer, self.share)

    def filter(self, *what: Any, **more: Any) -> "Walk":
        return Walk(self.rows.filter(*what, **more), self.viewer, self.share)

    def __getitem__(self, part: slice) -> list[Member]:
        found = _down(self.rows, part.stop, self.share, self._seen)
        if found is None:
            return list(self.rows.filter(pk__in=Member.objects.visible_to(self.viewer).values("pk"))[part])
        return list(self.rows.filter(pk__in=found[part]))

    def _seen(self, keys: Collection[int]) -> set[int]:
        return set(_met(self.viewer, Member.objects.filter(pk__in=keys)).values_list("pk", flat=True))
