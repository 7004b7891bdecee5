"""Which members are one person. Rows keep the member with whom they were born; whoever sums them asks here.

`same_person_as` of a merged member always leads to the surviving one directly, never along a chain.
"""

from collections.abc import Collection, Iterable

from django.db.models import Q

from members.models import Member

ROOT = "coalesce(m.same_person_as_id, m.id)"  # of a row `m` of members_member


def roots(members: Collection[int]) -> dict[int, int]:
    """The surviving member of each."""
    rows = Member.objects.filter(pk__in=members).values_list("pk", "same_person_as")
    return {pk: same or pk for pk, same in rows}


def circle(members: Iterable[int]) -> dict[int, list[int]]:
    """All members of each person whom these members name: by the surviving one, herself first, then by age."""
    found: dict[int, list[int]] = {root: [] for root in sorted(set(roots(list(members)).values()))}
    rows = Member.objects.filter(Q(pk__in=found) | Q(same_person_as__in=found)).order_by("pk")
    for pk, same in rows.values_list("pk", "same_person_as"):
        found[same or pk].append(pk)
    return {root: sorted(circle, key=lambda pk: (pk != root, pk)) for root, circle in found.items()}


def all_of(member: int) -> list[int]:
    """All members that are one person with this one, the surviving one first."""
    return next(iter(circle([member]).values()), [])
