"""A person has one owner at a store, however many members she is."""

import pytest

from guides.models import Ownership
from members import merges
from members.models import Merge
from tests.cast import LAN, MEI, NOW, Cast, after

pytestmark = pytest.mark.django_db


def owned() -> set[tuple[str, str]]:
    """(member's external_userid, guide's userid) of all who own now."""
    rows = Ownership.objects.filter(ends_at=None, member__identities__kind="external_userid")
    return set(rows.values_list("member__identities__value", "guide__userid"))


def merge(cast: Cast) -> None:
    merges.merge(cast.member(MEI), [cast.member(LAN)], by=cast.ada, at=after(days=9))


def test_the_oldest_relation_owns_and_unmerging_gives_each_her_own_again(cast: Cast) -> None:
    cast.add(LAN, "ben", at=NOW)
    cast.add(MEI, "cai", at=after(days=1))
    before = list(Ownership.objects.order_by("member").values_list("member", "store", "guide", "starts_at", "ends_at"))
    merge(cast)
    assert owned() == {(LAN, "ben")}
    merges.undo(Merge.objects.get(), by=cast.ada, at=after(days=10))
    after_all = Ownership.objects.order_by("member").values_list("member", "store", "guide", "starts_at", "ends_at")
    assert list(after_all) == before and owned() == {(LAN, "ben"), (MEI, "cai")}


def test_what_happens_after_the_merge_counts_for_the_person(cast: Cast) -> None:
    cast.add(LAN, "ben", at=NOW)
    cast.add(MEI, "cai", at=after(days=1))
    merge(cast)
    cast.tell(LAN, "ben", "cust_del", at=after(days=11))
    assert owned() == {(MEI, "cai")}
    cast.add(MEI, "dong", at=after(days=12))
    assert owned() == {(MEI, "cai"), (MEI, "dong")}  # another store


def test_at_two_stores_each_keeps_her_owner(cast: Cast) -> None:
    cast.add(LAN, "dong", at=NOW)
    cast.add(MEI, "cai", at=after(days=1))
    merge(cast)
    assert owned() == {(LAN, "dong"), (MEI, "cai")}
