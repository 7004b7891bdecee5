"""Members become one person and two again: whatever came first, and as if nothing had been."""

from itertools import pairwise
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guides.models import Ownership, Relation
from members import blocks, identities, knots, links, merges, persons
from members.identities import Newcomer, Told
from members.models import BlockedValue, Identity, IdentityLink, Member, Merge, Review
from members.partitions import CLAIMANTS
from scrm.audit.models import Alarm, Entry
from tests.cast import LAN, MEI, NOW, Cast, after

pytestmark = pytest.mark.django_db
PHONE = "+8613800010001"


def met(*ids: tuple[str, str], verified: str = "", source: str = "pos") -> Member:
    """The member of these ids, told by a source."""
    scopes = {"openid": "wxapp1", "marketplace": "taobao"}
    told = Told(tuple((kind, scopes.get(kind, ""), text) for kind, text in ids), verified=frozenset(verified.split()))
    (pk,) = identities.recognise([told], source=source, at=NOW)
    return Member.objects.get(pk=pk)


def roots() -> dict[int, int]:
    return persons.roots(Member.objects.values_list("pk", flat=True))


def rows() -> dict[str, list[Any]]:
    """All that members, relations and owners are, but for the book of merges and decisions."""
    models: Any = (Member, Identity, IdentityLink, Relation, Ownership)
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


def test_a_shared_unionid_makes_one_person_and_says_why() -> None:
    mei, other = met(("card", "1")), met(("openid", "o1"), ("unionid", "u1"))
    met(("unionid", "u1"), ("card", "1"))
    merge = Merge.objects.get()
    assert (merge.winner, merge.loser, merge.rule, merge.by) == (mei, other, "card", None)
    assert (
        merge.identity is not None and merge.identity.kind == "card" and persons.all_of(other.pk) == [mei.pk, other.pk]
    )


def test_a_proven_phone_joins_and_an_unproven_one_asks() -> None:
    mei, lan = met(("card", "1"), ("phone", PHONE)), met(("openid", "o1"), ("phone", PHONE), verified="phone")
    review = Review.objects.get()
    assert roots()[lan.pk] == lan.pk and (review.low, review.high, review.why) == (mei, lan, "phone")
    met(("card", "1"), ("phone", PHONE), verified="phone", source="till")
    assert roots()[lan.pk] == mei.pk and Review.objects.get().state == "gone"


def test_two_unionids_veto_a_shared_phone_and_ask() -> None:
    one = met(("unionid", "u1"), ("phone", PHONE), verified="phone")
    other = met(("unionid", "u2"), ("phone", PHONE), verified="phone")
    assert roots() == {one.pk: one.pk, other.pk: other.pk}
    assert (Review.objects.get().why, Review.objects.get().against) == ("veto", "unionid")


def test_a_unionid_learned_later_parts_who_was_merged_by_a_phone() -> None:
    one = met(("openid", "o1"), ("phone", PHONE), verified="phone")
    other = met(("unionid", "u2"), ("phone", PHONE), verified="phone")
    assert roots()[other.pk] == one.pk
    assert met(("unionid", "u1"), ("openid", "o1")) == one
    assert roots()[other.pk] == other.pk and Merge.objects.get().undone_at == NOW


def test_an_id_of_one_person_with_another_persons_unionid_makes_nobody_two() -> None:
    """A till with somebody else's card in it: the unionid is whose it is, and HQ is asked about the card."""
    one = met(("unionid", "u1"), ("card", "1"))
    other = met(("unionid", "u2"), ("card", "1"))
    assert one != other and roots()[other.pk] == other.pk and Review.objects.get().why == "veto"


def test_what_everybody_claims_is_blocked_and_parts_whom_it_joined() -> None:
    for n in range(CLAIMANTS["card"] + 1):
        met(("openid", f"o{n}"), ("card", "tablet"))
    assert len(set(roots().values())) == CLAIMANTS["card"] + 1
    assert BlockedValue.objects.get().reason == "shared" and BlockedValue.objects.get().shown == "****T"


def test_a_stores_phone_blocked_by_hq_joins_nobody_until_it_is_freed(cast: Cast) -> None:
    one, other = (met(("card", n), ("phone", PHONE), verified="phone") for n in ("1", "2"))
    touched = blocks.put("phone", "13800010001", reason="store", by=cast.ada, at=NOW)
    merges.settle(touched, at=NOW)
    assert roots()[other.pk] == other.pk and identities.find([Told((("phone", "", PHONE),))]) == [None]
    merges.settle(blocks.put("phone", PHONE, reason="other", blocks=False, by=cast.ada, at=NOW), at=NOW)
    assert roots()[other.pk] == one.pk


def test_merged_by_hand_and_undone_is_as_if_nothing_had_been(cast: Cast) -> None:
    cast.add(MEI, "cai")
    cast.add(LAN, "dong", at=after(days=1))
    mei, lan = cast.member(MEI), cast.member(LAN)
    before = rows()
    assert merges.merge(lan, [mei], by=cast.ada, reason="同一人", at=NOW) == mei
    assert rows() != before and Merge.objects.get().by == cast.ada
    merges.undo(Merge.objects.get(), by=cast.otto, at=after(days=1))
    assert rows() == before and Merge.objects.get().undone_by == cast.otto
    assert set(Entry.objects.values_list("verb", flat=True)) >= {"member.merged", "member.unmerged"}
    with pytest.raises(merges.AlreadyUndone):
        merges.undo(Merge.objects.get(), by=cast.otto, at=after(days=2))


def test_who_was_unmerged_by_a_person_is_not_merged_again(cast: Cast) -> None:
    one, other = (met(("card", n), ("phone", PHONE), verified="phone") for n in ("1", "2"))
    merges.undo(Merge.objects.get(), by=cast.ada, at=NOW)
    met(("card", "2"), ("phone", PHONE), verified="phone", source="shop")
    merges.settle([one.pk, other.pk], at=NOW)
    assert roots()[other.pk] == other.pk and not Review.objects.filter(state="open").exists()


def test_merging_twice_changes_nothing(cast: Cast) -> None:
    one, other = met(("card", "1")), met(("card", "2"))
    merges.merge(one, [other], by=cast.ada, at=NOW)
    before = rows()
    merges.merge(other, [one], by=cast.ada, at=NOW)
    assert rows() == before and Merge.objects.count() == 1 and merges.settle([one.pk], at=NOW) == set()


def test_a_decision_is_not_overruled_by_merging_around_it(cast: Cast) -> None:
    one, two, three = met(("card", "1")), met(("card", "2")), met(("card", "3"))
    merges.merge(one, [two], by=cast.ada, at=NOW)
    merges.undo(Merge.objects.get(), by=cast.ada, at=NOW)
    merges.merge(two, [three], by=cast.ada, at=NOW)
    with pytest.raises(merges.Contradicted), transaction.atomic():
        merges.merge(one, [three], by=cast.ada, at=NOW)
    assert roots() == {one.pk: one.pk, two.pk: two.pk, three.pk: two.pk}


def test_the_pointers_never_make_a_chain() -> None:
    ids = [("unionid", "u"), ("openid", "o"), ("card", "c"), ("marketplace", "t"), ("phone", PHONE)]
    for one in ids:
        met(one)
    for one, other in reversed(list(pairwise(ids))):
        met(one, other, verified="phone")
    met(("phone", PHONE), verified="phone")
    found = roots()
    assert len(set(found.values())) == 1 and Merge.objects.filter(undone_at=None).count() == 4
    assert not Member.objects.filter(same_person_as__same_person_as__isnull=False).exists()


def test_a_knot_that_is_too_big_is_left_and_rings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knots, "MOST", 1)
    ids = [("unionid", "u"), ("openid", "o"), ("marketplace", "t"), ("card", "c")]
    for one in ids:
        met(one)
    for one, other in pairwise(ids):
        met(one, other)
    assert len(set(roots().values())) == 2 and Alarm.objects.filter(kind="identity_knot").exists()


KINDS = ("unionid", "card", "phone")
told_claims = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(KINDS), st.sampled_from("ab"), st.booleans()), max_size=10
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told_claims, st.randoms())
def test_any_order_of_claims_gives_the_same_persons(claimed: list[Any], dice: Any) -> None:
    """One by one in two orders, and all worked out at once."""
    first, mixed = _after(claimed), _after(dice.sample(claimed, len(claimed)))
    assert first == mixed == _after(claimed, at_once=True)


def _after(claimed: list[Any], *, at_once: bool = False) -> dict[int, int]:
    with transaction.atomic():
        found = identities.enroll([Newcomer("", 0, ()) for _ in range(5)], at=NOW)
        for member, kind, value, verified in claimed:
            one, is_new = Identity.objects.get_or_create(kind=kind, value=value, defaults={"member_id": found[member]})
            new = links.claim([(one.pk, found[member], verified)], source="test", at=NOW)
            if not at_once:
                merges.heed(new, at=NOW)
                merges.settle_united([found[member]] if is_new else [], at=NOW)
        if at_once:
            merges.settle(found, at=NOW)
        order = {pk: n for n, pk in enumerate(found)}
        pointed = persons.roots(found)
        assert merges.settle(found, at=NOW) == set()
        transaction.set_rollback(True)
    return {order[pk]: order[root] for pk, root in pointed.items()}
