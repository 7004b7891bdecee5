"""The pages on which shops make, print and delete their codes."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from guides import postings
from guides.models import Code, Relation
from tests.cast import MEI, OPENED, Cast

PICTURE = b"\x89PNG picture"


@pytest.fixture
def us(cast: Cast) -> Cast:
    return cast


@pytest.fixture
def till(us: Cast) -> Code:
    code = us.code()
    Code.objects.filter(pk=code.pk).update(qr_image=PICTURE)
    return code


def get(who: Any, page: str, /, *args: str, **query: Any) -> Any:
    return signed_in(who).get(reverse(f"guides:{page}", args=args), query)


def post(who: Any, page: str, /, *args: str, query: str = "", **said: Any) -> Any:
    return signed_in(who).post(reverse(f"guides:{page}", args=args) + query, said)


def signed_in(who: Any) -> Client:
    client = Client()
    client.force_login(who)
    return client


PAGES = ["code", "qr", "code_delete"]


@pytest.mark.parametrize("page", [*PAGES, "codes", "code_new", "sheet", "unplaced"])
def test_strangers_sign_in_first(us: Cast, till: Code, page: str) -> None:
    answer = Client().get(reverse(f"guides:{page}", args=[till.public_id] if page in PAGES else []))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")


@pytest.mark.parametrize("who", ["ada", "otto", "paula", "ann", "rita", "ben", "cai"])
def test_who_sees_the_store_sees_its_code(us: Cast, till: Code, who: str) -> None:
    viewer = getattr(us, who)
    assert [code.pk for code in get(viewer, "codes").context["page"]] == [till.pk]
    assert get(viewer, "code", till.public_id).status_code == 200
    assert get(viewer, "qr", till.public_id).content == PICTURE


@pytest.mark.parametrize("who", ["dong", "fang", "gu"])
@pytest.mark.parametrize("page", ["code", "qr"])
def test_others_are_answered_as_if_it_did_not_exist(us: Cast, till: Code, who: str, page: str) -> None:
    client = signed_in(getattr(us, who))
    there = client.get(reverse(f"guides:{page}", args=[till.public_id]))
    nowhere = client.get(reverse(f"guides:{page}", args=["c_nothing"]))
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert there.content == nowhere.content


@pytest.mark.parametrize("who", ["ivy", "eve"])
def test_without_the_permission_it_is_forbidden(us: Cast, till: Code, who: str) -> None:
    assert get(getattr(us, who), "codes").status_code == 403
    assert get(getattr(us, who), "code", till.public_id).status_code == 403


@pytest.mark.parametrize("who", ["paula", "ann", "cai"])
def test_readers_change_nothing(us: Cast, till: Code, who: str) -> None:
    reader = getattr(us, who)
    assert "csrfmiddlewaretoken" not in get(reader, "code", till.public_id).content.decode().split("<main")[1]
    assert post(reader, "code", till.public_id, name="other").status_code == 403
    assert post(reader, "code_delete", till.public_id).status_code == 403
    assert post(reader, "code_new", name="other", kind="store").status_code == 403
    assert post(reader, "sheet", query=f"?code={till.public_id}").status_code == 403
    assert Code.objects.get().name == till.name


def test_a_manager_makes_a_code_for_her_store(us: Cast) -> None:
    answer = post(us.ben, "code_new", kind="guide", name="台卡", guides=[us.guide("cai").pk], skip_verify="on")
    code = Code.objects.get()
    assert answer["Location"] == reverse("guides:code", args=[code.public_id])
    assert (code.store, code.name, code.created_by) == (us.nanjing_road, "台卡", us.ben)


def test_hq_chooses_the_store_first(us: Cast) -> None:
    assert len(get(us.ada, "code_new").context["page"]) == 4
    assert [s.name for s in get(us.ada, "code_new", q="徐家汇").context["page"]] == ["徐家汇店"]
    assert get(us.ada, "code_new", store=us.xujiahui.public_id).context["store"] == us.xujiahui
    assert get(us.ben, "code_new", store=us.xujiahui.public_id).status_code == 404


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"kind": "guide", "name": "x"}, "guides"),
        ({"kind": "store", "name": ""}, "name"),
        ({"kind": "guides", "name": "x"}, "guides"),
    ],
)
def test_what_is_missing_is_said_at_its_field(us: Cast, said: dict[str, Any], field: str) -> None:
    answer = post(us.ben, "code_new", **said)
    assert answer.status_code == 400
    assert field in answer.context["form"].errors


def test_a_guide_of_another_store_cannot_be_chosen(us: Cast) -> None:
    answer = post(us.ben, "code_new", kind="guide", name="x", guides=[us.guide("dong").pk])
    assert "guides" in answer.context["form"].errors
    assert not Code.objects.exists()


def test_changing_a_code_tells_wecom(us: Cast, till: Code) -> None:
    answer = post(us.ben, "code", till.public_id, name="新收银台", skip_verify="on", remark="{name}")
    assert answer.status_code == 302
    changed = Code.objects.get()
    assert (changed.name, changed.remark, changed.wanted) == ("新收银台", "{name}", till.wanted + 1)


def test_deletion_shows_what_is_at_stake_before_it_happens(us: Cast, till: Code) -> None:
    from scrm import clock

    us.add(MEI, "cai", code=till, at=clock.now())
    Code.objects.update(prints=7)
    asked = get(us.ben, "code_delete", till.public_id)
    assert asked.context["stake"] == {"prints": 7, "recent_adds": 1}
    assert Code.objects.alive().exists()
    assert post(us.ben, "code_delete", till.public_id).status_code == 302
    assert not Code.objects.alive().exists()
    assert get(us.ben, "code", till.public_id).status_code == 404


def test_printing_is_counted(us: Cast, till: Code) -> None:
    shown = get(us.ben, "sheet", code=till.public_id, layout="4", line="扫一扫")
    assert (shown.context["layout"], shown.context["line"]) == ("4", "扫一扫")
    assert Code.objects.get().prints == 0
    back = post(us.ben, "sheet", query=f"?code={till.public_id}")
    assert back["Location"].endswith("&print=now")
    assert Code.objects.get().prints == 1


def test_a_code_of_another_store_is_not_printed(us: Cast, till: Code) -> None:
    shown = get(us.dong, "sheet", code=till.public_id)
    assert (shown.context["codes"], shown.context["missing"]) == ([], 1)


def test_a_code_without_a_picture_has_none(us: Cast) -> None:
    assert get(us.ben, "qr", us.code().public_id).status_code == 404


@pytest.mark.parametrize(("q", "found"), [("收银", 1), ("南京路", 1), ("S001", 1), ("nothing", 0)])
def test_codes_are_found_by_their_words(us: Cast, till: Code, q: str, found: int) -> None:
    assert len(get(us.ada, "codes", q=q).context["page"]) == found


def test_a_page_of_codes_costs_a_few_queries(us: Cast, django_assert_max_num_queries: Any) -> None:
    for n in range(30):
        us.code(name=f"n{n}")
    client = signed_in(us.ada)
    with django_assert_max_num_queries(14):
        assert len(client.get(reverse("guides:codes")).context["page"]) == 24


@pytest.fixture
def lost(us: Cast) -> Relation:
    """Mei, whom Cai added while she worked at two stores."""
    postings.post(us.guide("cai"), to=us.xujiahui, at=OPENED)
    return us.add(MEI, "cai")


@pytest.mark.parametrize(("who", "sees"), [("cai", 1), ("ben", 1), ("rita", 1), ("ada", 1), ("dong", 0), ("fang", 0)])
def test_a_customer_without_a_store_is_shown_to_whom_she_concerns(
    us: Cast, lost: Relation, who: str, sees: int
) -> None:
    assert len(get(getattr(us, who), "unplaced").context["page"]) == sees


def test_the_guide_says_once_where_a_customer_belongs(us: Cast, lost: Relation) -> None:
    answer = post(us.cai, "unplaced", relation=lost.public_id, store=us.xujiahui.public_id)
    assert answer.status_code == 302
    lost.refresh_from_db()
    assert (lost.store, lost.store_chosen) == (us.xujiahui, True)
    assert not get(us.cai, "unplaced").context["page"].object_list


def test_nobody_places_a_customer_elsewhere(us: Cast, lost: Relation) -> None:
    assert post(us.cai, "unplaced", relation=lost.public_id, store=us.fangs_first.public_id).status_code == 404
    assert post(us.ben, "unplaced", relation=lost.public_id, store=us.xujiahui.public_id).status_code == 404
    assert post(us.dong, "unplaced", relation=lost.public_id, store=us.xujiahui.public_id).status_code == 404
    lost.refresh_from_db()
    assert lost.store is None


@pytest.mark.parametrize("name", ["welcome of the code", "welcome of the store"])
def test_the_welcome_stands_on_the_page_of_the_code(us: Cast, till: Code, name: str) -> None:
    from campaigns.models import Welcome

    Welcome.objects.create(name=name, text=name, store=us.nanjing_road, code=till if "code" in name else None)
    url = reverse("campaigns:of_code", args=[till.public_id])
    assert url in get(us.ben, "code", till.public_id).content.decode()
    assert name in signed_in(us.ben).get(url).content.decode()
    assert signed_in(us.dong).get(url).status_code == 404


def test_the_desks_code_form_leaves_the_managers_as_it_is(us: Cast) -> None:
    before = get(us.ben, "code_new").content.count(b'name="guides"')
    assert signed_in(us.ada).get(reverse("admin:guides_code_add")).status_code == 200
    assert get(us.ben, "code_new").content.count(b'name="guides"') == before > 1
