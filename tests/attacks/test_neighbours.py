"""Other people's customers: what an owner or a manager tries at desks, boards and doors that are not theirs."""

from typing import Any

import pytest
import time_machine
from django.contrib import admin
from django.db.models import Q
from django.test import Client
from django.urls import reverse

from campaigns.models import Welcome
from guides import listings, postings
from guides.models import Guide, Posting
from scrm.audit.models import Entry
from scrm.clock import day_of
from scrm.dashboard import facts
from stores import places, seats
from stores.models import Contract, Franchisee, Person, Role, Seat
from tests.cast import LAN, MEI, NOW, Cast, after

pytestmark = pytest.mark.django_db


def signed_in(who: Person) -> Client:
    client = Client()
    client.force_login(who)
    return client


def desk_of(guide: Guide, **said: Any) -> dict[str, Any]:
    """The form of a guide's desk, without postings."""
    return {"person": guide.person_id or "", "successor": "", **formset(), **said}


def formset(*rows: dict[str, Any], there: int = 0) -> dict[str, Any]:
    said: dict[str, Any] = {"postings-TOTAL_FORMS": len(rows), "postings-INITIAL_FORMS": there}
    return said | {f"postings-{n}-{name}": value for n, row in enumerate(rows) for name, value in row.items()}


@pytest.fixture
def moved(cast: Cast) -> Guide:
    """Gu's colleague Hu, who once guided at Fang's and now manages Xujiahui."""
    person = Person.objects.create_user("hu", "hu-opens-the-shop", name="Hu")
    hu = Guide.objects.create(corp=cast.corp, userid="hu", name="Hu", status="active", can_contact=True, person=person)
    postings.post(hu, to=cast.fangs_first, at=after(days=-30))
    postings.recall(hu.postings.get(), at=after(days=-20))
    postings.post(hu, to=cast.xujiahui, at=after(days=-20), is_manager=True)
    return hu


def test_an_owner_gives_no_other_stores_seat_away(cast: Cast, moved: Guide) -> None:
    client = signed_in(cast.fang)
    address = reverse("admin:guides_guide_change", args=[moved.pk])
    gus = cast.guide("gu")
    client.post(reverse("admin:guides_guide_change", args=[gus.pk]), desk_of(gus, person=""))
    client.post(address, desk_of(moved, person=cast.gu.pk))
    assert not Seat.objects.filter(person=cast.gu, store=cast.xujiahui, ends_at=None).exists()
    assert Seat.objects.filter(person=moved.person_id, store=cast.xujiahui, ends_at=None).exists()


def test_an_owner_names_no_successor_for_other_stores_codes(cast: Cast, moved: Guide) -> None:
    address = reverse("admin:guides_guide_change", args=[moved.pk])
    signed_in(cast.fang).post(address, desk_of(moved, successor=cast.guide("gu").pk))
    moved.refresh_from_db()
    assert moved.successor_id is None


def test_an_owner_posts_no_guide_of_others_to_claim_her_customers(cast: Cast, moved: Guide) -> None:
    row = {"guide": moved.pk, "store": cast.fangs_first.pk}
    address = reverse("admin:guides_guide_change", args=[moved.pk])
    signed_in(cast.fang).post(address, desk_of(moved, **formset(row)))
    assert not Posting.objects.filter(guide=moved, store=cast.fangs_first, ends_at=None).exists()


def test_customers_without_a_store_are_not_shown_where_the_guide_no_longer_works(cast: Cast, moved: Guide) -> None:
    postings.post(moved, to=cast.nanjing_road, at=after(days=-10))
    relation = cast.add(MEI, "hu", at=after(days=-5))
    assert relation.store is None
    assert not listings.unplaced(cast.fang).exists()
    assert listings.unplaced(cast.ben).get() == relation


@pytest.fixture
def sold(cast: Cast) -> Cast:
    """Fang's first store went back to HQ five days ago; Lan came after that."""
    cast.add(MEI, "gu", at=after(days=-9))
    Contract.objects.filter(store=cast.fangs_first).update(ends_on=day_of(after(days=-5)))
    new = Person.objects.create_user("wu", "wu-opens-the-shop", name="Wu")
    wu = Guide.objects.create(corp=cast.corp, userid="wu", name="吴新来", status="active", can_contact=True, person=new)
    postings.post(wu, to=cast.fangs_first, at=after(days=-4))
    cast.add(LAN, "wu", code=cast.code(cast.fangs_first, name="新窗口"), at=after(days=-2))
    facts.fill_all(at=NOW)
    return cast


@pytest.mark.parametrize("part", ["guides", "codes"])
@pytest.mark.parametrize("ending", ["", "table.csv"])
def test_a_former_owner_reads_of_his_days_alone(sold: Cast, part: str, ending: str) -> None:
    with time_machine.travel(NOW, tick=False):
        page = signed_in(sold.fang).get(f"/dashboard/{sold.fangs_first.public_id}/{ending}?period=days_30&part={part}")
    assert page.status_code == 200
    assert not [name for name in ("吴新来", "新窗口") if name in page.content.decode()]


def test_a_future_owner_reads_nothing_yet(sold: Cast) -> None:
    hao = Person.objects.create_user("hao", "hao-opens-the-shop", name="Hao")
    haos = Franchisee.objects.create(brand=sold.brand, name="郝记")
    seats.give(hao, Role.FRANCHISE_OWNER, franchisee=haos, at=NOW)
    places.sign_contract(sold.fangs_first, franchisee=haos, on=day_of(after(days=30)))
    with time_machine.travel(after(minutes=1), tick=False):
        page = signed_in(hao).get(f"/dashboard/{sold.fangs_first.public_id}/?part=guides&period=days_30")
        guides = signed_in(hao).get("/api/v1/guides/").json()["results"]
    assert page.status_code == 404 or "吴新来" not in page.content.decode()
    assert guides == []


@pytest.mark.parametrize("page", ["guides_guide", "stores_person", "stores_region"])
def test_desks_name_no_store_that_the_viewer_may_not_see(cast: Cast, page: str) -> None:
    postings.post(cast.guide("cai"), to=cast.xujiahui, at=NOW)
    seats.give(cast.ben, Role.STORE_MANAGER, store=cast.fangs_first, at=NOW)
    bo = Person.objects.create_user("bo", "bo-opens-the-shop", name="Bo")
    seats.give(bo, Role.STORE_MANAGER, store=cast.nanjing_road, at=NOW)
    answer = signed_in(bo).get(reverse(f"admin:{page}_changelist"))
    assert not [store for store in ("徐家汇店", "天河店") if store in answer.content.decode()]
    if page == "stores_region":
        assert [region.n_stores for region in answer.context["cl"].result_list] == [1]


@pytest.mark.parametrize("who", ["ben", "ann"])
def test_no_desk_shows_a_password(cast: Cast, who: str) -> None:
    page = signed_in(getattr(cast, who)).get(reverse("admin:stores_person_change", args=[cast.cai.pk]))
    assert page.status_code == 200
    assert cast.cai.password.split("$")[-1] not in page.content.decode()


@pytest.mark.parametrize("place", ["store", "code"])
def test_a_welcome_of_anothers_store_is_not_written(cast: Cast, place: str) -> None:
    said: dict[str, Any] = {"name": "x", "store": "", "code": "", "text": "hi", "active": "on"}
    said |= {"attachments-TOTAL_FORMS": 0, "attachments-INITIAL_FORMS": 0}
    said[place] = {"store": cast.nanjing_road, "code": cast.code()}[place].pk
    answer = signed_in(cast.fang).post(reverse("admin:campaigns_welcome_add"), said)
    assert answer.status_code == 200 and not Welcome.objects.exists()


CHOICES = [
    ("guides.guide", "person"),
    ("guides.guide", "successor"),
    ("guides.posting", "store"),
    ("guides.code", "store"),
]
CHOICES += [("campaigns.welcome", "code"), ("campaigns.welcome", "store"), ("guides.houseaccount", "guide")]


@pytest.mark.parametrize(("model", "field"), CHOICES)
def test_choices_are_ones_own(cast: Cast, model: str, field: str) -> None:
    cast.code()
    cast.code(cast.fangs_first, name="天河收银")
    app, name = model.split(".")
    asked = {"app_label": app, "model_name": name, "field_name": field, "term": ""}
    found = [row["text"] for row in signed_in(cast.fang).get("/admin/autocomplete/", asked).json()["results"]]
    assert found
    assert not [text for text in found if text in ("Cai", "Ben", "Dong") or text.startswith("南京路")]


@pytest.fixture
def hao(cast: Cast) -> Person:
    """Who takes Fang's first store over in a month."""
    hao = Person.objects.create_user("hao", "hao-opens-the-shop", name="Hao")
    haos = Franchisee.objects.create(brand=cast.brand, name="郝记")
    seats.give(hao, Role.FRANCHISE_OWNER, franchisee=haos, at=NOW)
    Contract.objects.filter(store=cast.fangs_first).update(ends_on=day_of(after(days=30)))
    places.sign_contract(cast.fangs_first, franchisee=haos, on=day_of(after(days=30)))
    return hao


@pytest.mark.parametrize(("day", "who", "others"), [(1, "fang", "郝记"), (31, "hao", "方记")])
def test_an_owner_reads_nothing_of_who_comes_after_or_was_before(
    cast: Cast, hao: Person, day: int, who: str, others: str
) -> None:
    with time_machine.travel(after(days=day), tick=False):
        client = signed_in(hao if who == "hao" else cast.fang)
        pages = [client.get(reverse("admin:stores_store_change", args=[cast.fangs_first.pk]))]
        pages += [client.get(reverse("admin:stores_franchisee_changelist"))]
    assert [page.status_code for page in pages] == [200, 200]
    assert not [page for page in pages if others in page.content.decode()]


@pytest.mark.parametrize("who", ["ann", "paula"])
def test_who_only_reads_changes_nothing_at_any_desk(cast: Cast, who: str) -> None:
    cast.add(MEI, "cai", code=cast.code())
    Welcome.objects.create(name="brand", text="hi")
    looks = Q(verb="page.refused") | Q(verb__endswith=".read")
    deeds, client = Entry.objects.exclude(looks), signed_in(getattr(cast, who))
    before = deeds.count()
    for model in admin.site._registry:
        desk, row = f"admin:{model._meta.label_lower.replace('.', '_')}", model._default_manager.first()
        chosen = {"_selected_action": row.pk if row else 1, "post": "yes"}
        for action in ("delete_selected", "replay", "park", "clear"):
            client.post(reverse(f"{desk}_changelist"), {**chosen, "action": action})
        assert client.post(reverse(f"{desk}_add")).status_code == 403
        for page in ("change", "delete") if row else ():
            assert client.post(reverse(f"{desk}_{page}", args=[row.pk]), chosen).status_code == 403
    assert deeds.count() == before
