"""The builder's pages."""

import re
from typing import Any

import pytest
from django.test import Client

from members.models import Segment
from members.segments import folds
from scrm import clock
from scrm.audit.models import Entry
from stores.models import Person
from tests.cast import LAN, MEI, Cast

NEW = "/customers/segments/new/"
PREVIEW = "/customers/segments/preview/"
NEVER = {"g0-join": "all", "g0-c0-field": "first_order", "g0-c0-op": "never"}


def seen_by(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def shop(cast: Cast) -> Cast:
    """Mei at Nanjing Road, Lan at Fang's first store."""
    cast.add(MEI, "cai", code=cast.code())
    cast.add(LAN, "gu", code=cast.code(cast.fangs_first))
    return cast


def made(by: Person, name: str = "新客", **more: str) -> Segment:
    answer = seen_by(by).post(NEW, {"do": "save", "name": name, "join": "all", **NEVER, **more})
    assert answer.status_code == 302, answer.content.decode()
    return Segment.objects.get(name=name)


def test_a_segment_is_made(shop: Cast) -> None:
    one = made(shop.otto)
    assert one.version is not None
    assert one.version.rule == {"all": [{"all": [{"field": "first_order", "op": "never"}]}]}
    assert Entry.objects.filter(verb="segment.made", actor=shop.otto).count() == 1


def test_the_count_follows_what_is_filled_in(shop: Cast) -> None:
    answer = seen_by(shop.otto).post(PREVIEW, NEVER).content.decode()
    assert re.search(r"<b>2</b>", answer)
    answer = seen_by(shop.otto).post(PREVIEW, {**NEVER, "g0-join": "none"}).content.decode()
    assert re.search(r"<b>0</b>", answer)


def test_the_sample_is_written_into_the_book_and_names_nobody_in_full(shop: Cast) -> None:
    shop.member(MEI).__class__.objects.filter(pk=shop.member(MEI).pk).update(name="梅长苏")
    answer = seen_by(shop.otto).post(PREVIEW, NEVER).content.decode()
    assert "梅**" in answer and "梅长苏" not in answer
    assert Entry.objects.get(verb="member.read").rows == 2


def test_what_is_not_complete_is_not_counted(shop: Cast) -> None:
    answer = seen_by(shop.otto).post(PREVIEW, {"g0-c0-field": "added", "g0-c0-op": "within", "g0-c0-days": ""})
    assert answer.status_code == 200
    assert not Entry.objects.filter(verb="member.read").exists()


@pytest.mark.parametrize(
    ("do", "rows", "blocks"),
    [("add:0", 2, 1), ("group", 2, 2), ("drop:g0-c0", 0, 1), ("look", 1, 1), ("nonsense", 1, 1)],
)
def test_lines_and_groups_come_and_go(shop: Cast, do: str, rows: int, blocks: int) -> None:
    answer = seen_by(shop.otto).post(NEW, {"do": do, "name": "新客", **NEVER})
    found = [len(block.rows) for block in answer.context["blocks"]]
    assert (sum(found), len(found)) == (rows, blocks)
    assert 'value="新客"' in answer.content.decode()


def test_a_mistake_loses_nothing(shop: Cast) -> None:
    typed = {"do": "save", "name": "", "g0-c0-field": "spent", "g0-c0-op": "at_least", "g0-c0-value": "很多"}
    answer = seen_by(shop.otto).post(NEW, typed)
    text = answer.content.decode()
    assert answer.status_code == 400
    assert 'value="很多"' in text and "g0-c0-value-error" in text and "id_name_error" not in text.split("g0-c0")[2]
    assert not Segment.objects.exists()


def test_htmx_is_shown_what_is_wrong(shop: Cast) -> None:
    answer = seen_by(shop.otto).post(NEW, {"do": "save", "name": ""}, headers={"HX-Request": "true"})
    assert (answer.status_code, "id_name_error" in answer.content.decode()) == (200, True)
    answer = seen_by(shop.otto).post(NEW, {"do": "save", "name": "新", **NEVER}, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == f"/customers/segments/{Segment.objects.get().public_id}/"


def test_a_name_is_given_once(shop: Cast) -> None:
    made(shop.otto)
    answer = seen_by(shop.otto).post(NEW, {"do": "save", "name": "新客", **NEVER})
    assert answer.status_code == 400
    assert Segment.objects.count() == 1


def test_who_saves_second_is_told_and_may_save_again(shop: Cast) -> None:
    one = made(shop.otto)
    edit = f"/customers/segments/{one.public_id}/edit/"
    mine = {"do": "save", "name": "新客", "g0-c0-field": "first_order", "g0-c0-op": "within", "g0-c0-days": "9"}
    assert seen_by(shop.ada).post(edit, {**mine, "g0-c0-days": "5", "version": "1"}).status_code == 302
    answer = seen_by(shop.otto).post(edit, {**mine, "version": "1"})
    assert answer.status_code == 400
    assert 'name="version" value="2"' in answer.content.decode() and 'value="9"' in answer.content.decode()
    assert seen_by(shop.otto).post(edit, {**mine, "version": "2"}).status_code == 302
    assert one.versions.count() == 3  # type: ignore[attr-defined]


def test_the_same_saved_twice_is_one_version(shop: Cast) -> None:
    one = made(shop.otto)
    edit = f"/customers/segments/{one.public_id}/edit/"
    for _n in range(2):
        told = {"do": "save", "name": "新客", "join": "all", "version": "1", **NEVER}
        assert seen_by(shop.otto).post(edit, told).status_code == 302
    assert one.versions.count() == 1  # type: ignore[attr-defined]


def test_a_deep_rule_is_read_and_not_changed(shop: Cast) -> None:
    from members.segments import definitions

    leaf = {"field": "first_order", "op": "never"}
    rule = {"all": [{"any": [{"none": [leaf]}, leaf]}]}
    one = definitions.make("深", rule, by=shop.otto, at=clock.now())
    answer = seen_by(shop.otto).get(f"/customers/segments/{one.public_id}/edit/")
    assert answer.templates[0].name == "members/segments/too_deep.html"


def test_every_usual_segment_opens_and_counts(shop: Cast) -> None:
    client = seen_by(shop.otto)
    for one in client.get(NEW).context["usual"]:
        answer = client.get(f"{NEW}?usual={one.slug}")
        assert answer.context["blocks"][0].rows, one.slug


def test_choices_are_found_by_typing_and_those_chosen_stay(shop: Cast) -> None:
    asked = {
        "question": "store",
        "name": "g0-c0-value",
        "g0-c0-value_q": "天河",
        "g0-c0-value": shop.xujiahui.public_id,
    }
    text = seen_by(shop.otto).get("/customers/segments/pick/", asked).content.decode()
    assert re.findall(r"<span>(.*?)</span>", text) == ["徐家汇店", "天河店"]
    assert text.count("checked") == 1


@pytest.mark.parametrize("asked", [{}, {"question": "store", "name": "g0-c0-days"}, {"question": "gone", "name": "x"}])
def test_what_cannot_be_picked_is_unknown(shop: Cast, asked: Any) -> None:
    assert seen_by(shop.otto).get("/customers/segments/pick/", asked).status_code == 404


def test_one_page_of_the_builder_asks_few_questions(shop: Cast, django_assert_max_num_queries: Any) -> None:
    client = seen_by(shop.otto)
    filled = {f"g0-c{n}-field": "tag" for n in range(20)}
    with django_assert_max_num_queries(70):
        client.post(NEW, {"do": "look", **filled})


def test_folding_counts_the_new_segment(shop: Cast) -> None:
    one = made(shop.otto)
    folds.fold(at=clock.now())
    one.refresh_from_db()
    assert one.size == 2
