"""Ids that sources tell lead to members, and make them where nobody was known."""

import pytest

from members import identities
from members.identities import Told
from members.models import Identity, IdentityLink, Member
from tests.cast import LAN, MEI, NOW, Cast

pytestmark = pytest.mark.django_db
PLAIN = "+8613800010001"


def told(*ids: tuple[str, str, str], **more: object) -> Told:
    return Told(ids=ids, **more)  # type: ignore[arg-type]


def recognised(*people: Told, source: str = "pos") -> list[int | None]:
    return identities.recognise(people, source=source, at=NOW)


def test_who_was_never_heard_of_becomes_a_member_once() -> None:
    buyer = told(("openid", "wxapp1", "o1"), ("phone", "", "138 0001 0001"), name="梅")
    (first,), (again,) = recognised(buyer), recognised(buyer)
    assert first == again and Member.objects.get().name == "梅"
    assert {identities.shown(one) for one in Identity.objects.all()} == {"o1", "138****0001"}


def test_a_buyer_who_tells_only_her_phone_is_who_bears_it(cast: Cast) -> None:
    (mei,) = recognised(told(("card", "", "vip1"), ("phone", "", PLAIN)))
    assert recognised(told(("phone", "", "13800010001"))) == [mei]
    assert identities.find([told(("phone", "", PLAIN)), told(("phone", "", "13800010002"))]) == [mei, None]


def test_the_same_openid_of_two_apps_is_two_ids() -> None:
    one, other = recognised(told(("openid", "wxapp1", "o1")), told(("openid", "wxapp2", "o1")))
    assert one != other


def test_a_buyer_told_twice_in_one_delivery_is_one() -> None:
    one, other, third = recognised(
        told(("openid", "wxapp1", "o1")),
        told(("unionid", "", "u1"), ("openid", "wxapp1", "o1")),
        told(("unionid", "", "u1")),
    )
    assert one == other == third and Member.objects.count() == 1


def test_nothing_told_and_a_number_for_trials_name_nobody() -> None:
    assert (
        recognised(told(), told(("phone", "", "13800138000")), told(("phone", "", "no")), told(("card", "", " ")))
        == [None] * 4
    )
    assert not Member.objects.exists() and not Identity.objects.exists()


def test_wecoms_customer_is_found_by_her_corp(cast: Cast) -> None:
    cast.add(MEI, "cai")
    mei = cast.member(MEI).pk
    assert recognised(told(("external_userid", cast.corp.corp_id, MEI), ("openid", "wxapp1", "o1"))) == [mei]
    assert recognised(told(("openid", "wxapp1", "o1"))) == [mei]
    assert recognised(told(("external_userid", "ww-of-nobody", LAN))) == [None]


def test_a_phone_beside_a_better_id_is_a_claim_only() -> None:
    mei, lan = recognised(told(("card", "", "1"), ("phone", "", PLAIN)), told(("card", "", "2"), ("phone", "", PLAIN)))
    assert mei != lan
    link = IdentityLink.objects.get()
    assert (link.member_id, link.identity.member_id, link.verified, link.source) == (lan, mei, False, "pos")
