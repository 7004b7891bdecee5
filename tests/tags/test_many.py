"""Many customers tagged at once by a store's or a region's people: their own stores' customers and nobody else's."""

import re
from typing import Any

import pytest
import time_machine
from django.test import Client

from members import labels, tagruns, tags, wearings
from members.models import Marking, Member, MemberTag, Tag, TagGroup, TagRun
from scrm.audit.models import Entry
from stores.models import Person
from tests.cast import LAN, MEI, NOW, Cast, after

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"|"X-CSRFToken": "\w+"')
SHELF = "/customers/tags/runs/"


@pytest.fixture(autouse=True)
def noon() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def mei(cast: Cast) -> Member:
    cast.add(MEI, "cai")
    return cast.member(MEI)


@pytest.fixture
def lan(cast: Cast) -> Member:
    cast.add(LAN, "gu")
    return cast.member(LAN)


@pytest.fixture
def tea(cast: Cast) -> Tag:
    return labels.tag(labels.group("偏好", by=cast.ada, at=NOW), "爱喝茶", by=cast.ada, at=NOW)


@pytest.fixture
def vip(cast: Cast) -> Tag:
    wecoms = TagGroup.objects.create(corp=cast.corp, group_id="etG", name="等级")
    return Tag.objects.create(group=wecoms, tag_id="etV", name="VIP")


def run(tag: Tag, *people: Member, by: Person | None, on: bool = True) -> TagRun:
    return tagruns.begin([one.pk for one in people], tag, puts_on=on, by=by, at=NOW)


def asked(client: Client, who: Person, tag: Tag, *people: Member, do: str = "put") -> Any:
    client.force_login(who)
    ids = "\n".join(one.public_id for one in people)
    return client.post(SHELF, {"tag": tag.public_id, "ids": ids, "do": do, "name": "三月"})


@pytest.mark.parametrize(("name", "reached"), [("ben", {"mei"}), ("rita", {"mei"}), ("fang", {"lan"})])
def test_a_run_reaches_the_customers_of_ones_own_stores(
    cast: Cast, vip: Tag, mei: Member, lan: Member, name: str, reached: set[str]
) -> None:
    begun = run(vip, mei, lan, by=getattr(cast, name))
    tagruns.lane(NOW)
    names = {mei.pk: "mei", lan.pk: "lan"}
    assert {names[pk] for pk in Marking.objects.values_list("member", flat=True)} == reached
    begun.refresh_from_db()
    assert (begun.members, begun.unreachable) == (1, 0), "the other one is as if nobody had named her"


@pytest.mark.parametrize("name", ["dong", "cai", "ann", "eve", "ivy"])
def test_who_may_not_tag_many_begins_nothing(cast: Cast, vip: Tag, mei: Member, name: str) -> None:
    with pytest.raises(tagruns.Nobody):
        run(vip, mei, by=getattr(cast, name))
    assert not TagRun.objects.exists()


def test_a_probe_of_another_stores_customer_answers_as_one_for_nobody(
    cast: Cast, client: Client, vip: Tag, tea: Tag, mei: Member, lan: Member
) -> None:
    nobody = Member(public_id="m_nobody")
    for tag in (vip, tea):
        answers = [asked(client, cast.ben, tag, one) for one in (lan, nobody)]
        told = [TOKEN.sub("", answer.content.decode().replace(lan.public_id, "m_nobody")) for answer in answers]
        assert [answer.status_code for answer in answers] == [400, 400] and told[0] == told[1]
    assert not MemberTag.objects.exists() and not TagRun.objects.exists()


def test_rights_are_asked_again_at_each_part(cast: Cast, vip: Tag, mei: Member) -> None:
    run(vip, mei, by=cast.ben)
    cast.ben.seats.update(ends_at=NOW)  # type: ignore[attr-defined]
    tagruns.lane(after(minutes=1))
    assert not Marking.objects.exists() and TagRun.objects.get().unreachable == 1


def test_a_tag_of_ours_is_born_at_the_store_that_knows_each(
    cast: Cast, client: Client, tea: Tag, mei: Member, lan: Member
) -> None:
    cast.add("wmOther00000000000000000000000000", "dong")
    other = cast.member("wmOther00000000000000000000000000")
    assert asked(client, cast.rita, tea, mei, lan, other).status_code == 302
    born = dict(MemberTag.objects.values_list("member", "store"))
    assert born == {mei.pk: cast.nanjing_road.pk, other.pk: cast.xujiahui.pk}
    assert set(Entry.objects.filter(verb="tag.put_on").values_list("rows", flat=True)) == {1}


def test_nobody_takes_off_what_another_store_put_on(
    cast: Cast, client: Client, tea: Tag, mei: Member, lan: Member
) -> None:
    cast.add(MEI, "gu")
    tags.put_on([mei.pk], tea, by=cast.gu, store=cast.fangs_first, at=NOW)
    tags.put_on([mei.pk], tea, by=cast.ada, at=NOW)
    asked(client, cast.ben, tea, mei)
    asked(client, cast.ben, tea, mei, do="take")
    assert set(MemberTag.objects.values_list("store", flat=True)) == {None, cast.fangs_first.pk}
    asked(client, cast.otto, tea, mei, do="take")
    assert not MemberTag.objects.exists(), "HQ takes off what anybody put on"


def test_runs_are_shown_to_who_began_them_their_store_and_hq(
    cast: Cast, client: Client, vip: Tag, mei: Member, lan: Member
) -> None:
    page = asked(client, cast.ben, vip, mei).url
    for name, status in {"ben": 200, "rita": 200, "ada": 200, "fang": 404, "cai": 403, "ann": 403, "eve": 403}.items():
        client.force_login(getattr(cast, name))
        assert client.get(page).status_code == status, name
        assert client.post(f"{page}turn/", {"do": "nothing"}).status_code == (302 if status == 200 else status)
    client.force_login(cast.fang)
    assert "三月" not in client.get(SHELF).content.decode()


def test_a_refused_customer_is_named_to_whom_her_store_shows_her(
    cast: Cast, client: Client, vip: Tag, mei: Member, lan: Member
) -> None:
    Member.objects.filter(pk=mei.pk).update(name="梅花三弄")
    page = asked(client, cast.rita, vip, mei).url
    tagruns.lane(NOW)
    Marking.objects.update(state="refused", errcode=84061)
    client.force_login(cast.rita)
    assert "梅花三弄" in client.get(page).content.decode() and Entry.objects.filter(verb="member.read").count() == 1
    cast.rita.seats.update(region=cast.south)  # type: ignore[attr-defined]
    assert "梅花三弄" not in client.get(page).content.decode()


def test_places_are_found_with_as_many_queries_for_many(
    cast: Cast, tea: Tag, mei: Member, django_assert_max_num_queries: Any
) -> None:
    people = [mei.pk]
    for n in range(8):
        who = f"wm{n:030d}"
        cast.add(who, "cai")
        people.append(cast.member(who).pk)
    with django_assert_max_num_queries(14):
        assert wearings.put_on_many(cast.ben, people, tea, at=NOW) == 9
