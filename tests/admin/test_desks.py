"""Every desk against every kind of viewer: nobody meets a 500, nobody sees another's rows."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from stores.models import Person
from tests.cast import LAN, MEI, Cast

VIEWERS = ["ada", "otto", "paula", "ann", "rita", "fang", "ben"]
OUTSIDERS = ["cai", "ivy", "eve"]
DESKS = sorted(
    (model for model in admin.site._registry if model._meta.app_label != "auth"), key=lambda m: m._meta.label_lower
)
ALLOWED = {200, 302, 403}


@pytest.fixture
def us(cast: Cast) -> Cast:
    """The cast with a row behind each desk."""
    from campaigns.models import Welcome
    from guides.models import GroupChat, HouseAccount
    from members.models import Tag, TagGroup
    from scrm.audit import alarms
    from tests.cast import NOW

    cast.add(MEI, "cai", code=cast.code())
    cast.add(LAN, "gu", code=cast.code(cast.fangs_first))
    Welcome.objects.create(name="brand", text="hello")
    Welcome.objects.create(name="store", text="hello", store=cast.nanjing_road)
    HouseAccount.objects.create(store=cast.nanjing_road, guide=cast.guide("cai"))
    GroupChat.objects.create(corp=cast.corp, chat_id="wr1", store=cast.nanjing_road, changed_at=NOW)
    Tag.objects.create(group=TagGroup.objects.create(corp=cast.corp, group_id="g", name="g"), tag_id="t", name="t")
    alarms.sound("a_kind", "a subject", at=NOW)
    return cast


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def pages(model: Any) -> list[str]:
    """Every page of a desk, of a row that is there and of one that is not."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    row = model._default_manager.order_by("pk").first()
    found = [reverse(f"{name}_changelist") + "?q=x", reverse(f"{name}_changelist"), reverse(f"{name}_add")]
    for pk in [row.pk if row else 0, 999_999_999]:
        found += [reverse(f"{name}_{act}", args=[pk]) for act in ("change", "delete", "history")]
    return found


@pytest.mark.parametrize("name", VIEWERS)
@pytest.mark.parametrize("model", DESKS, ids=lambda m: m._meta.label_lower)
def test_every_page_of_every_desk_answers(us: Cast, model: Any, name: str) -> None:
    client = signed_in(getattr(us, name))
    answers = {page: client.get(page).status_code for page in pages(model)}
    assert {page: code for page, code in answers.items() if code not in ALLOWED} == {}
    sees = getattr(us, name).has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")
    assert answers[pages(model)[1]] == (200 if sees else 403)


@pytest.mark.parametrize("name", OUTSIDERS)
def test_who_has_no_desk_is_shown_the_door(us: Cast, name: str) -> None:
    client = signed_in(getattr(us, name))
    for model in DESKS:
        for page in pages(model):
            assert client.get(page).status_code == 302


@pytest.mark.parametrize("name", VIEWERS)
def test_the_front_page_answers(us: Cast, name: str) -> None:
    answer = signed_in(getattr(us, name)).get("/admin/")
    assert answer.status_code == 200
    assert "unsafe-eval" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("name", VIEWERS)
def test_what_waits_can_be_opened_by_whom_it_waits_for(us: Cast, name: str) -> None:
    client = signed_in(getattr(us, name))
    waiting = client.get("/admin/").context["waiting"]
    assert waiting
    assert {client.get(one["link"]).status_code for one in waiting} == {200}


@pytest.mark.parametrize("name", ["rita", "fang", "ben"])
@pytest.mark.parametrize("model", DESKS, ids=lambda m: m._meta.label_lower)
def test_a_desk_lists_and_opens_what_its_viewer_may_see(us: Cast, model: Any, name: str) -> None:
    viewer = getattr(us, name)
    if not viewer.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}"):
        return
    mine = set(admin.site._registry[model].get_queryset(_request(viewer)).values_list("pk", flat=True))
    client, url = signed_in(viewer), f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
    for pk in model._default_manager.values_list("pk", flat=True):
        assert client.get(reverse(url, args=[pk])).status_code == (200 if pk in mine else 302)


def _request(viewer: Person) -> Any:
    from django.test import RequestFactory

    request = RequestFactory().get("/")
    request.user = viewer
    return request


@pytest.mark.parametrize(
    ("name", "stores"), [("rita", {"S001", "S002"}), ("fang", {"S003", "S004"}), ("ben", {"S001"})]
)
def test_the_list_of_stores_is_the_viewers(us: Cast, name: str, stores: set[str]) -> None:
    page = signed_in(getattr(us, name)).get(reverse("admin:stores_store_changelist"))
    assert {store.code for store in page.context["cl"].queryset} == stores


def test_a_stranger_is_answered_like_nothing(us: Cast) -> None:
    client = signed_in(us.ben)
    there = client.get(reverse("admin:stores_store_change", args=[us.xujiahui.pk]), follow=True)
    nowhere = client.get(reverse("admin:stores_store_change", args=[10**9]), follow=True)
    said = there.content.decode().replace(str(us.xujiahui.pk), "#")
    assert there.redirect_chain == nowhere.redirect_chain
    assert us.xujiahui.name not in said


def test_a_search_finds_only_ones_own_stores(us: Cast) -> None:
    ask = {"app_label": "guides", "model_name": "code", "field_name": "store", "term": "店"}
    found = signed_in(us.ben).get(reverse("admin:autocomplete"), ask).json()
    assert [row["text"] for row in found["results"]] == ["南京路店"]
