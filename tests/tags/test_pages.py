"""Pages of tags and fields, for each kind of viewer; tags of our own, fields, samples and the life of tags."""

import io
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from openpyxl import load_workbook

from guides import codes
from members import consents, fields, labels, samples, scores, taglives, tags
from members.models import Field, FieldChange, FieldValue, Member, MemberTag, SampledMember, Tag, TagChange, TagGroup
from scrm.audit.models import Entry
from tests.cast import LAN, MEI, NOW, Cast


@pytest.fixture(autouse=True)
def noon() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def mei(cast: Cast) -> Member:
    cast.add(MEI, "cai")
    return cast.member(MEI)


@pytest.fixture
def group(cast: Cast) -> TagGroup:
    return labels.group("偏好", by=cast.ada, at=NOW)


@pytest.fixture
def tea(group: TagGroup, cast: Cast) -> Tag:
    return labels.tag(group, "爱喝茶", by=cast.ada, at=NOW)


@pytest.fixture
def vip(cast: Cast) -> Tag:
    wecoms = TagGroup.objects.create(corp=cast.corp, group_id="etG", name="等级")
    return Tag.objects.create(group=wecoms, tag_id="etV", name="VIP")


@pytest.fixture
def as_(client: Client, cast: Cast) -> Any:
    def sign_in(name: str) -> Client:
        client.force_login(getattr(cast, name))
        return client

    return sign_in


def put(client: Client, member: Member, tag: Tag, do: str = "put") -> Any:
    return client.post(f"/customers/{member.public_id}/tags/", {"do": do, "tag": tag.public_id})


def tab(client: Client, member: Member) -> str:
    return client.get(f"/customers/{member.public_id}/tags/").content.decode()


@pytest.mark.parametrize("name", ["ada", "otto", "ann", "paula", "rita", "ben", "fang", "cai"])
def test_the_library_is_everybodys_to_read(as_: Any, tea: Tag, vip: Tag, name: str) -> None:
    page = as_(name).get("/customers/tags/")
    assert page.status_code == 200 and "爱喝茶" in page.content.decode() and "VIP" in page.content.decode()
    assert as_(name).get(f"/customers/tags/{tea.public_id}/").status_code == 200
    assert as_(name).get(f"/customers/tags/groups/{vip.group.public_id}/").status_code == 200


@pytest.mark.parametrize(("name", "status"), [("ivy", 403), ("eve", 403)])
def test_who_has_no_such_seat_reads_no_library(as_: Any, tea: Tag, name: str, status: int) -> None:
    assert as_(name).get("/customers/tags/").status_code == status


@pytest.mark.parametrize("name", ["ann", "rita", "ben", "fang", "cai"])
def test_only_hq_changes_the_library(as_: Any, tea: Tag, name: str) -> None:
    client = as_(name)
    assert client.post("/customers/tags/", {"name": "新组", "names": "a"}).status_code == 403
    assert client.post(f"/customers/tags/{tea.public_id}/", {"do": "delete"}).status_code == 403
    assert client.get("/customers/tags/runs/").status_code == (403 if name in ("ann", "cai") else 200)
    assert client.get(f"/customers/tags/groups/{tea.group.public_id}/rule/").status_code == 403


def test_hq_makes_groups_of_ours_and_asks_wecom_for_its_own(as_: Any, cast: Cast) -> None:
    client = as_("ada")
    assert client.post("/customers/tags/", {"name": "口味", "names": "甜\n淡", "corp": ""}).status_code == 302
    assert list(Tag.objects.filter(kind="internal").values_list("name", flat=True).order_by("pk")) == ["甜", "淡"]
    assert client.post("/customers/tags/", {"name": "门店", "names": "静安", "corp": cast.corp.pk}).status_code == 302
    assert TagChange.objects.get().wanted == {"tags": [{"name": "静安"}], "group_name": "门店"}
    page = client.get("/customers/tags/").content.decode()
    assert "静安" in page and "门店" in page
    again = client.post("/customers/tags/", {"name": "口味", "names": "苦", "corp": ""})
    assert again.status_code == 400 and "口味" in again.content.decode()


def test_a_tag_is_renamed_moved_and_deleted(as_: Any, group: TagGroup, tea: Tag) -> None:
    client, page = as_("otto"), f"/customers/tags/groups/{group.public_id}/"
    client.post(page, {"do": "add", "names": "爱喝咖啡\n爱喝水"})
    client.post(page, {"do": "down", "tag": tea.public_id})
    order = list(group.tags.order_by("-rank", "pk").values_list("name", flat=True))
    assert order == ["爱喝咖啡", "爱喝茶", "爱喝水"]
    client.post(f"/customers/tags/{tea.public_id}/", {"name": "茶客", "says": "买过三次茶"})
    tea.refresh_from_db()
    assert (tea.name, tea.says) == ("茶客", "买过三次茶")
    client.post(f"/customers/tags/{tea.public_id}/", {"do": "delete"})
    tea.refresh_from_db()
    assert tea.deleted_at and client.get(f"/customers/tags/{tea.public_id}/").status_code == 404
    assert Entry.objects.filter(verb="tag.deleted").exists()


def test_a_tag_of_a_code_is_not_deleted_and_says_so(as_: Any, cast: Cast, vip: Tag) -> None:
    codes.change(cast.code(name="收银台"), by=cast.ada, at=NOW, tags=[vip])
    answer = as_("ada").post(f"/customers/tags/{vip.public_id}/", {"do": "delete"})
    assert answer.status_code == 400 and "收银台" in answer.content.decode() and not TagChange.objects.exists()


def test_a_guide_tags_her_own_customer_and_her_store_reads_it(as_: Any, mei: Member, tea: Tag, cast: Cast) -> None:
    assert "爱喝茶" in put(as_("cai"), mei, tea).content.decode()
    row = MemberTag.objects.get()
    assert (row.source, row.store, row.by) == ("ours", cast.nanjing_road, cast.cai)
    assert "Cai" in tab(as_("ben"), mei) and "Cai" in tab(as_("ada"), mei)


def test_a_tag_born_elsewhere_is_not_told(as_: Any, mei: Member, tea: Tag, cast: Cast) -> None:
    cast.add(MEI, "gu")
    put(as_("cai"), mei, tea)
    for name in ("fang", "gu"):
        page = tab(as_(name), mei)
        assert "Cai" not in page and "南京路" not in page
        assert put(as_(name), mei, tea, "take").status_code == 200
    assert MemberTag.objects.count() == 1, "another store's people do not take it off"
    put(as_("gu"), mei, tea)
    assert MemberTag.objects.count() == 2
    put(as_("gu"), mei, tea, "take")
    assert MemberTag.objects.get().store == cast.nanjing_road


def test_what_hq_and_rules_say_is_told_franchisees_with_her_consent_alone(
    as_: Any, mei: Member, tea: Tag, group: TagGroup, cast: Cast
) -> None:
    cast.add(MEI, "gu")
    tags.put_on([mei.pk], tea, by=cast.ada, at=NOW)
    clause = {"of": "order", "points": 10}
    rule = scores.define(group, "常客", clauses=[clause], half_life=None, threshold=10, by=cast.ada, at=NOW)
    MemberTag.objects.create(member=mei, tag=rule.tag, source="rule", since=NOW, score=40)
    worn = '<span class="chip tag">%s</span>'
    told = {
        name: [worn % tag in tab(as_(name), mei) for tag in ("爱喝茶", "常客")] for name in ("ben", "cai", "gu", "fang")
    }
    assert told == {"ben": [True, True], "cai": [True, True], "gu": [False, False], "fang": [False, False]}
    said = consents.Said(mei.pk, "share_franchisee", NOW)
    consents.give_many([said], source="page", at=NOW, by=cast.ada)
    assert worn % "爱喝茶" in tab(as_("fang"), mei) and worn % "常客" in tab(as_("gu"), mei)


def test_strangers_and_colleagues_of_other_stores_get_the_same_404(as_: Any, mei: Member, tea: Tag) -> None:
    for name in ("dong", "gu", "fang"):
        assert as_(name).get(f"/customers/{mei.public_id}/tags/").status_code == 404
        assert put(as_(name), mei, tea).status_code == 404
        assert as_(name).get(f"/customers/{mei.public_id}/fields/").status_code == 404
    assert put(as_("ann"), mei, tea).status_code == 403
    assert not MemberTag.objects.exists()


def test_a_wecom_tag_waits_and_is_shown_as_waiting(as_: Any, mei: Member, vip: Tag) -> None:
    page = put(as_("cai"), mei, vip).content.decode()
    assert "VIP" in page and not MemberTag.objects.exists() and mei.markings.get().userid == "cai"  # type: ignore[attr-defined]


def test_tags_are_found_while_one_types(as_: Any, mei: Member, tea: Tag, vip: Tag) -> None:
    found = as_("cai").get(f"/customers/{mei.public_id}/tags/?q=茶", headers={"HX-Target": "offer"}).content.decode()
    assert "爱喝茶" in found and "VIP" not in found


def test_many_are_tagged_at_once(as_: Any, mei: Member, tea: Tag, vip: Tag, cast: Cast) -> None:
    cast.add(LAN, "dong")
    ids = "\n".join([mei.public_id, cast.member(LAN).public_id, "m_nobody"])
    client = as_("otto")
    assert client.post("/customers/tags/runs/", {"tag": tea.public_id, "ids": ids}).status_code == 302
    assert MemberTag.objects.filter(tag=tea, store=None, by=cast.otto).count() == 2
    run = client.post("/customers/tags/runs/", {"tag": vip.public_id, "ids": ids, "name": "三月"}).url
    assert client.get(run).status_code == 200 and "三月" in client.get("/customers/tags/runs/").content.decode()
    client.post(f"{run}turn/", {"do": "pause"})
    assert "resume" in client.get(run).content.decode()
    assert client.post("/customers/tags/runs/", {"tag": tea.public_id}).status_code == 400


def test_the_library_as_a_file_runs_nothing(as_: Any, group: TagGroup, cast: Cast) -> None:
    labels.tag(group, "=1+1", by=cast.ada, at=NOW)
    answer = as_("ann").get("/customers/tags/tags.xlsx")
    sheet = load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    assert [cell.data_type for cell in sheet[2]][1] == "s" and sheet[2][1].value == "=1+1"  # type: ignore[index]
    assert Entry.objects.filter(verb="tag.exported").exists()


def test_a_rule_is_made_on_a_page(as_: Any, group: TagGroup) -> None:
    client, page = as_("ada"), f"/customers/tags/groups/{group.public_id}/rule/"
    assert client.get(page).status_code == 200
    form = {"name": "常客", "of": ["order", "event"], "points": ["30", ""], "kind": ["", ""], "yuan": ["50", ""],
            "half_life": "30", "threshold": "50"}  # fmt: skip
    made = client.post(page, form)
    assert made.status_code == 302 and "+30" in client.get(made.url).content.decode()
    rule = Tag.objects.get(name="常客").rule  # type: ignore[attr-defined]
    assert rule.clauses == [{"of": "order", "points": 30, "at_least_fen": 5000}]
    odd = client.post(f"{made.url}rule/", {**form, "threshold": "0"})
    assert odd.status_code == 400 and client.post(f"{made.url}rule/", {**form, "points": ["x"]}).status_code == 400


def test_a_sample_is_drawn_judged_and_makes_the_accuracy(as_: Any, mei: Member, tea: Tag, cast: Cast) -> None:
    cast.add(LAN, "dong")
    lan = cast.member(LAN)
    tags.put_on([mei.pk, lan.pk], tea, by=cast.ada, at=NOW)
    client = as_("ada")
    page = client.post(f"/customers/tags/{tea.public_id}/", {"do": "draw"}).url
    rows = dict(SampledMember.objects.values_list("member", "pk"))
    assert set(rows) == {mei.pk, lan.pk} and client.get(page).status_code == 200
    client.post(page, {f"says-{rows[mei.pk]}": "right", f"says-{rows[lan.pk]}": "wrong", "says-x": "right"})
    assert samples.accuracy(tea) == (1, 1) and "50%" in client.get(f"/customers/tags/{tea.public_id}/").content.decode()


def test_a_sample_of_many_is_twenty_without_reading_all(mei: Member, tea: Tag, cast: Cast) -> None:
    many = Member.objects.bulk_create([Member(created_at=NOW) for _ in range(300)])
    tags.put_on([one.pk for one in many], tea, by=cast.ada, at=NOW)
    first, second = samples.draw(tea, by=cast.ada, at=NOW), samples.draw(tea, by=cast.ada, at=NOW)
    drawn = [set(one.sampled.values_list("member", flat=True)) for one in (first, second)]  # type: ignore[attr-defined]
    assert len(drawn[0]) == len(drawn[1]) == 20 and drawn[0] != drawn[1]


def test_counts_and_unused_tags(as_: Any, mei: Member, tea: Tag, vip: Tag, cast: Cast) -> None:
    lan = Member.objects.create(created_at=NOW, same_person_as=mei)
    tags.put_on([mei.pk, lan.pk], tea, by=cast.ada, at=NOW)
    codes.change(cast.code(), by=cast.ada, at=NOW, tags=[vip])
    taglives.count(NOW)
    tea.refresh_from_db()
    vip.refresh_from_db()
    assert (tea.hits, tea.uses, vip.hits, vip.uses) == (1, 0, 0, 1)
    assert not taglives.unused(NOW + timedelta(days=89)).exists()
    assert [tag.name for tag in taglives.unused(NOW + timedelta(days=91))] == ["爱喝茶"]
    with time_machine.travel(NOW + timedelta(days=91)):
        assert "爱喝茶" in as_("ann").get("/customers/tags/unused/").content.decode()


def test_a_franchisee_is_not_told_how_many_of_the_brands_customers_bear_a_tag(
    as_: Any, mei: Member, tea: Tag, vip: Tag, cast: Cast
) -> None:
    tags.put_on([mei.pk], tea, by=cast.ada, at=NOW)
    codes.change(cast.code(name="收银台"), by=cast.ada, at=NOW, tags=[vip])
    taglives.count(NOW)
    Tag.objects.filter(pk=tea.pk).update(hits=987)
    shelf, group = "/customers/tags/", f"/customers/tags/groups/{tea.group.public_id}/"
    places = [shelf, group, f"/customers/tags/{tea.public_id}/"]
    for name, hears in {"ada": True, "ann": True, "rita": True, "ben": True, "fang": False, "gu": False}.items():
        client = as_(name)
        assert [("987" in client.get(place).content.decode()) for place in places] == [hears] * 3, name
        assert ("收银台" in client.get(f"/customers/tags/{vip.public_id}/").content.decode()) == hears
        sheet = load_workbook(io.BytesIO(b"".join(client.get("/customers/tags/tags.xlsx").streaming_content))).active
        assert (987 in {cell.value for row in sheet for cell in row}) == hears
        row = client.get(f"/api/v1/tags/{tea.public_id}/").json()
        assert (row["customers"], row["uses"]) == ((987, 0) if hears else (None, None))


def test_our_tags_are_put_on_twice_as_once(mei: Member, tea: Tag, vip: Tag, cast: Cast) -> None:
    said: dict[str, Any] = {"by": cast.ada, "at": NOW}
    assert tags.put_on([mei.pk], tea, **said) == 1 and tags.put_on([mei.pk], tea, **said) == 0
    assert tags.take_off_all([mei.pk], tea, **said) == 1 and tags.take_off_all([mei.pk], tea, **said) == 0
    with pytest.raises(tags.NotOurs):
        tags.put_on([mei.pk], vip, **said)


FIELDS = [
    ("text", "  三 号 ", "三 号"), ("number", "38.5", 38.5), ("date", "2026/03/01", "2026-03-01"),
    ("boolean", "是", True),
    ("choice", "红", "红"), ("choices", ["绿", "红", "绿"], ["红", "绿"]),
]  # fmt: skip


def make(cast: Cast, kind: str = "number", key: str = "size", **more: Any) -> Field:
    choices = ["红", "绿"] if kind in ("choice", "choices") else []
    return fields.make(key, "尺码", kind, choices=choices, by=cast.ada, at=NOW, **more)


def save(client: Client, member: Member, key: str, value: Any) -> Any:
    return client.post(f"/customers/{member.public_id}/fields/", {f"has-{key}": "1", key: value})


@pytest.mark.parametrize(("kind", "said", "kept"), FIELDS)
def test_a_field_is_written_on_her_page_with_its_history(
    as_: Any, mei: Member, cast: Cast, kind: str, said: Any, kept: Any
) -> None:
    make(cast, kind)
    client = as_("cai")
    for _ in range(2):
        assert save(client, mei, "size", said).status_code == 200
    row, change = FieldValue.objects.get(), FieldChange.objects.get()
    assert fields.plain(fields.value_of(row)) == kept == change.after and (row.by, row.store) == (
        cast.cai,
        cast.nanjing_road,
    )
    save(client, mei, "size", "")
    assert not FieldValue.objects.exists() and FieldChange.objects.count() == 2


@pytest.mark.parametrize(
    ("kind", "said"),
    [("number", "38号"), ("number", "1e99"), ("number", "NaN"), ("date", "2026-02-30"), ("boolean", "也许"),
     ("choice", "蓝"), ("choices", ["蓝"]), ("text", "长" * 301)],
)  # fmt: skip
def test_what_does_not_fit_is_told_and_not_kept(as_: Any, mei: Member, cast: Cast, kind: str, said: Any) -> None:
    make(cast, kind)
    assert "bad-words" in save(as_("ben"), mei, "size", said).content.decode()
    assert not FieldValue.objects.exists()


def test_a_personal_field_is_masked_for_who_does_not_serve(as_: Any, mei: Member, cast: Cast) -> None:
    make(cast, "text", is_personal=True)
    save(as_("ada"), mei, "size", "秘密")
    assert "秘密" in as_("ben").get(f"/customers/{mei.public_id}/fields/").content.decode()
    page = as_("ann").get(f"/customers/{mei.public_id}/fields/").content.decode()
    assert "秘密" not in page and "••••" in page


def test_a_field_is_switched_off_and_deleted_only_when_it_says_nothing(as_: Any, mei: Member, cast: Cast) -> None:
    field = make(cast, "choice")
    save(as_("cai"), mei, "size", "红")
    client, page = as_("ada"), f"/customers/fields/{field.public_id}/"
    assert client.post(page, {"do": "delete"}).status_code == 400
    lost = {"do": "save", "name": "颜色", "choices": "绿\n蓝"}
    assert client.post(page, lost).status_code == 400
    assert client.post(page, {**lost, "choices": "红\n蓝"}).status_code == 302
    assert client.post(page, {"do": "off"}).status_code == 302
    field.refresh_from_db()
    assert (field.name, field.is_active) == ("颜色", False) and FieldValue.objects.exists()


@pytest.mark.parametrize(("name", "status"), [("ada", 302), ("otto", 302), ("ann", 403), ("ben", 403), ("cai", 403)])
def test_hq_makes_fields(as_: Any, name: str, status: int) -> None:
    form = {"key": "shoe_size", "name": "鞋码", "kind": "number"}
    client = as_(name)
    assert client.post("/customers/fields/", form).status_code == status
    assert client.get("/customers/fields/").status_code == 200
    if status == 302:
        assert client.post("/customers/fields/", form).status_code == 400
        assert client.post("/customers/fields/", {**form, "key": "9 x"}).status_code == 400


def test_the_story_tells_of_tags_and_fields(as_: Any, mei: Member, tea: Tag, cast: Cast) -> None:
    make(cast)
    client = as_("cai")
    put(client, mei, tea)
    save(client, mei, "size", "38")
    story = client.get(f"/customers/{mei.public_id}/timeline/").content.decode()
    assert "爱喝茶" in story and "尺码" in story and "→ 38" in story
