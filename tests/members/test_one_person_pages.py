"""HQ decides who is one person; a whole phone is shown to whoever may see it, once a look, and leaves a line."""

import pytest
from django.test import Client
from django.urls import reverse

from members import identities, merges, persons
from members.identities import Told
from members.models import BlockedValue, Identity, Member, Merge, Review
from members.reveals import handle
from scrm.audit.models import Alarm, Entry
from stores.models import Person
from tests.cast import MEI, NOW, Cast

pytestmark = pytest.mark.django_db
PHONE = "+8613800010001"


def met(*ids: tuple[str, str], verified: str = "", name: str = "") -> Member:
    told = Told(tuple((kind, "", text) for kind, text in ids), name, frozenset(verified.split()))
    (pk,) = identities.recognise([told], source="pos", at=NOW)
    return Member.objects.get(pk=pk)


@pytest.fixture
def two(cast: Cast) -> tuple[Member, Member]:
    """Two customers with one phone, which neither proved."""
    return met(("card", "1"), ("phone", PHONE), name="梅"), met(("card", "2"), ("phone", PHONE), name="小梅")


def answer(client: Client, word: str) -> None:
    place = reverse("members:review", args=[Review.objects.get().public_id])
    assert client.post(place, {"word": word}).status_code == 302


def test_both_stand_side_by_side_and_one_answer_makes_them_one(cast: Cast, client: Client, two: tuple) -> None:
    client.force_login(cast.otto)
    page = client.get(reverse("members:reviews")).content.decode()
    assert "梅" in page and "小梅" in page and "138****0001" in page and "13800010001" not in page
    answer(client, "same")
    assert persons.all_of(two[1].pk) == [two[0].pk, two[1].pk] and Review.objects.get().by == cast.otto
    answer(client, "undo")
    assert persons.all_of(two[1].pk) == [two[1].pk] and Review.objects.get().state == "open"


def test_what_was_put_off_waits_elsewhere_and_two_people_are_asked_no_more(
    cast: Cast, client: Client, two: tuple
) -> None:
    client.force_login(cast.otto)
    answer(client, "later")
    assert client.get(reverse("members:reviews")).context["one"] is None
    assert client.get(reverse("members:reviews"), {"state": "later"}).context["one"] == Review.objects.get()
    answer(client, "not_same")
    answer(client, "same")  # too late: answered already
    assert Review.objects.get().state == "not_same" and not Merge.objects.exists()
    assert Entry.objects.filter(verb__startswith="review.").count() == 2


@pytest.mark.parametrize("room", ["reviews", "merges", "duplicates", "blocked_ids", "duplicates_csv"])
def test_the_rooms_are_hqs(cast: Cast, client: Client, room: str) -> None:
    for who, status in (
        ("ada", 200),
        ("otto", 200),
        ("ann", 403),
        ("rita", 403),
        ("fang", 403),
        ("ben", 403),
        ("cai", 403),
    ):
        client.force_login(getattr(cast, who))
        assert client.get(reverse(f"members:{room}")).status_code == status, who


def test_a_merge_is_undone_from_the_book(cast: Cast, client: Client, two: tuple) -> None:
    client.force_login(cast.otto)
    answer(client, "same")
    assert "小梅" in client.get(reverse("members:merges")).content.decode()
    assert client.post(reverse("members:unmerge", args=[Merge.objects.get().public_id])).status_code == 302
    assert Merge.objects.get().undone_by == cast.otto and Review.objects.get().state == "not_same"
    client.force_login(cast.ben)
    assert client.post(reverse("members:unmerge", args=[Merge.objects.get().public_id])).status_code == 403


def test_the_report_counts_by_reason_and_its_file_runs_nothing(cast: Cast, client: Client, two: tuple) -> None:
    Member.objects.filter(pk=two[0].pk).update(name="=1+1")
    client.force_login(cast.otto)
    page = client.get(reverse("members:duplicates"))
    assert page.context["table"] == [("phone", Identity.Kind.PHONE.label, {"one": 0, "apart": 1, "blocked": 0})]
    assert not client.get(reverse("members:duplicates"), {"state": "one"}).context["rows"]
    told = b"".join(client.get(reverse("members:duplicates_csv"))).decode()  # type: ignore[call-overload]
    assert "138****0001" in told and two[1].public_id in told and PHONE not in told
    assert Entry.objects.get(verb="identity.exported").rows == 1


def test_a_stores_phone_is_blocked_and_freed(cast: Cast, client: Client, two: tuple) -> None:
    client.force_login(cast.otto)
    place = reverse("members:blocked_ids")
    client.post(place, {"kind": "phone", "value": "138 0001 0001", "reason": "store"})
    assert Review.objects.get().state == "gone" and BlockedValue.objects.get().shown == "138****0001"
    client.post(place, {"free": BlockedValue.objects.get().pk})
    assert Review.objects.get().state == "open" and not BlockedValue.objects.get().blocks
    client.post(place, {"kind": "phone", "value": "12", "reason": "store"})
    assert BlockedValue.objects.count() == 1


def reveal(client: Client, member: Member) -> str:
    """What the page answers to one look at her phone."""
    one = Identity.objects.get(kind="phone")
    return str(client.post(reverse("members:identity_reveal", args=[member.public_id, handle(one)])).content.decode())


def hers(cast: Cast) -> Member:
    cast.add(MEI, "cai")
    mei = cast.member(MEI)
    identities.add_ids([(mei.pk, "phone", PHONE)])
    return mei


def test_a_phone_is_masked_until_her_guide_looks_and_each_look_is_in_the_book(cast: Cast, client: Client) -> None:
    mei = hers(cast)
    client.force_login(cast.cai)
    tab = client.get(reverse("members:customer_identities", args=[mei.public_id])).content.decode()
    assert "138****0001" in tab and PHONE not in tab
    assert PHONE in reveal(client, mei)
    entry = Entry.objects.get(verb="identity.revealed")
    assert (entry.actor, entry.customer) == (cast.cai, mei.public_id) and PHONE not in str(entry.detail)


def test_below_hq_nobody_reads_who_else_she_is(cast: Cast, client: Client) -> None:
    mei = hers(cast)
    other = met(("card", "9"), ("phone", PHONE), name="另一位")
    assert [read(client, person, mei) for person in (cast.otto, cast.cai)] == [(False, True), (False, False)]
    merges.merge(mei, [other], by=cast.ada, at=NOW)
    assert [read(client, person, mei) for person in (cast.otto, cast.cai)] == [(True, False), (False, False)]


def read(client: Client, person: Person, member: Member) -> tuple[bool, bool]:
    """Whether she reads who was merged into the customer, and that somebody else claims an id of hers."""
    client.force_login(person)
    tab = client.get(reverse("members:customer_identities", args=[member.public_id])).content.decode()
    return "另一位" in tab, "另有" in tab


@pytest.mark.parametrize(("who", "status"), [("dong", 404), ("fang", 404), ("ann", 403), ("ivy", 403), ("eve", 403)])
def test_nobody_else_sees_it(cast: Cast, client: Client, who: str, status: int) -> None:
    mei, one = hers(cast), Identity.objects.get(kind="phone")
    client.force_login(getattr(cast, who))
    answer = client.post(reverse("members:identity_reveal", args=[mei.public_id, handle(one)]))
    assert answer.status_code == status and not Entry.objects.filter(verb="identity.revealed").exists()


def test_one_person_looks_at_so_many_a_day(cast: Cast, client: Client, settings: object) -> None:
    settings.REVEALS_PER_DAY = 2  # type: ignore[attr-defined]
    mei = hers(cast)
    client.force_login(cast.cai)
    assert [PHONE in reveal(client, mei) for _ in range(3)] == [True, True, False]
    assert Alarm.objects.get(kind="reveals_many").subject == "cai"
