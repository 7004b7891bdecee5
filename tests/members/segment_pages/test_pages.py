"""The pages about segments, for those who make them, those who see their own stores, and those who see nothing."""

import hashlib
from typing import Any

import pytest
from django.test import Client

from members import consents, identities, labels, tags
from members.models import Audience, ExclusiveGroup, Pack, Segment
from members.segments import definitions, exclusives, folds
from members.segments.pages import editing, listing
from scrm import clock
from scrm.audit.models import Entry
from stores.models import Person
from tests.cast import LAN, MEI, Cast

HOME = "/customers/segments/"
NEVER = {"field": "first_order", "op": "never"}
LIVE = {"field": "relation", "op": "is_any", "value": ["live"]}


def seen_by(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def shop(cast: Cast) -> Cast:
    """Mei at Nanjing Road, Lan at Fang's first store; nobody has bought."""
    at = clock.now()
    cast.add(MEI, "cai", code=cast.code(), at=at)
    cast.add(LAN, "gu", code=cast.code(cast.fangs_first), at=at)
    return cast


def made(cast: Cast, name: str = "没买过", rule: Any = NEVER) -> Segment:
    one = definitions.make(name, rule, by=cast.otto, at=clock.now())
    folds.fold(at=clock.now())
    one.refresh_from_db()
    return one


def text(client: Client, path: str, **asked: Any) -> str:
    answer = client.get(path, asked)
    assert answer.status_code == 200, path
    return answer.getvalue().decode()


def test_hq_sees_sizes_rules_and_makers(shop: Cast) -> None:
    made(shop)
    page = text(seen_by(shop.ann), HOME)
    assert "没买过" in page and ">Otto<" in page and "sentence-cell" in page


@pytest.mark.parametrize(("who", "here"), [("ben", 1), ("rita", 1), ("fang", 0)])
def test_below_hq_only_the_people_of_ones_own_stores_count(shop: Cast, who: str, here: int) -> None:
    one = made(shop)
    answer = seen_by(getattr(shop, who)).get(f"{HOME}{one.public_id}/")
    assert (answer.context["here"], "versions" in answer.context) == (here, False)
    listed = seen_by(getattr(shop, who)).get(HOME)
    assert [shown.here for shown in listed.context["segments"]] == [here]
    assert "sentence-cell" not in listed.content.decode()


def test_an_owner_sees_whoever_shares(shop: Cast) -> None:
    one = made(shop)
    consents.give(shop.member(LAN), ["share_franchisee"], terms="1", at=clock.now(), source="form")
    answer = seen_by(shop.fang).get(f"{HOME}{one.public_id}/people/")
    assert [card.member.pk for card in answer.context["page"].cards] == [shop.member(LAN).pk]


@pytest.mark.parametrize("who", ["cai", "ivy", "eve"])
def test_guides_agencies_and_strangers_see_no_segments(shop: Cast, who: str) -> None:
    one = made(shop)
    for path in (HOME, f"{HOME}{one.public_id}/", f"{HOME}{one.public_id}/people/", f"{HOME}cross/"):
        assert seen_by(getattr(shop, who)).get(path).status_code == 403


@pytest.mark.parametrize("who", ["paula", "ben", "fang"])
def test_who_may_look_may_not_change(shop: Cast, who: str) -> None:
    one = made(shop)
    client = seen_by(getattr(shop, who))
    for path in ("new/", f"{one.public_id}/edit/", f"{one.public_id}/delete/", f"{one.public_id}/freeze/"):
        assert client.post(HOME + path).status_code == 403, path
    assert client.post(f"{HOME}preview/").status_code == 403


def test_the_page_of_a_segment_tells_who_came_and_went(shop: Cast) -> None:
    one, today = made(shop), clock.day_of(clock.now())
    answer = seen_by(shop.ann).get(f"{HOME}{one.public_id}/")
    assert (answer.context["days"][0].entered, answer.context["days"][0].size) == (2, 2)
    moved = f"{HOME}{one.public_id}/{today}/entered/"
    assert len(seen_by(shop.ann).get(moved).context["page"].cards) == 2
    assert len(seen_by(shop.ann).get(moved.replace("entered", "left")).context["page"].cards) == 0
    assert seen_by(shop.ben).get(moved).status_code == 403
    assert Entry.objects.filter(verb="member.read", actor=shop.ann, rows=2).count() == 1


def test_people_come_page_by_page(shop: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "ON_A_PAGE", 1)
    path, client = f"{HOME}{made(shop).public_id}/people/", seen_by(shop.ann)
    first = client.get(path).context["page"]
    second = client.get(path, {"after": first.next}).context["page"]
    assert {card.member.pk for card in (*first.cards, *second.cards)} == {shop.member(MEI).pk, shop.member(LAN).pk}
    assert (first.total, second.next) == (2, "")


def test_an_older_version_holds_again(shop: Cast) -> None:
    one = made(shop)
    definitions.change(one, LIVE, by=shop.ada, at=clock.now())
    page = text(seen_by(shop.ann), f"{HOME}{one.public_id}/")
    assert 'class="gone"' in page and 'class="come"' in page
    answer = seen_by(shop.otto).post(f"{HOME}{one.public_id}/versions/1/restore/")
    assert answer.status_code == 302
    one.refresh_from_db()
    assert one.version is not None and (one.version.number, one.version.rule) == (3, NEVER)
    assert seen_by(shop.otto).post(f"{HOME}{one.public_id}/versions/9/restore/").status_code == 404


def test_what_is_used_is_not_deleted(shop: Cast) -> None:
    one = made(shop)
    other = made(shop, "也是", {"field": "segment", "op": "in", "value": [one.public_id]})
    client = seen_by(shop.otto)
    assert "也是" in text(client, f"{HOME}{one.public_id}/delete/")
    client.post(f"{HOME}{one.public_id}/delete/")
    assert Segment.objects.live().filter(pk=one.pk).exists()
    for segment in (other, one):
        assert client.post(f"{HOME}{segment.public_id}/delete/").status_code == 302
    assert not Segment.objects.live().exists()


def test_in_a_group_the_first_has_them(shop: Cast) -> None:
    first, second = made(shop), made(shop, "有导购", LIVE)
    client = seen_by(shop.otto)
    client.post(f"{HOME}groups/", {"name": "生命周期"})
    group = ExclusiveGroup.objects.get()
    page = f"{HOME}groups/{group.public_id}/"
    for one in (first, second):
        client.post(page, {"do": "in", "segment": one.public_id})
    folds.fold(at=clock.now())
    ranks = client.get(page).context["ranks"]
    assert [(r["segment"].name, r["meant"], r["inside"]) for r in ranks] == [("没买过", 2, 2), ("有导购", 2, 0)]
    client.post(page, {"do": f"up:{second.public_id}"})
    folds.fold(at=clock.now())
    ranks = client.get(page).context["ranks"]
    assert [(r["segment"].name, r["inside"]) for r in ranks] == [("有导购", 2), ("没买过", 0)]
    assert exclusives.overlap(group, at=clock.now()).twice == 0
    client.post(page, {"do": f"out:{second.public_id}"})
    assert [r["segment"].name for r in client.get(page).context["ranks"]] == ["没买过"]


def test_any_order_can_be_made(shop: Cast) -> None:
    group = editing.make_group("组", by=shop.otto, at=clock.now())
    ones = [definitions.make(f"第{n}", NEVER, by=shop.otto, at=clock.now()) for n in range(4)]
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]):
        ranked = list(Segment.objects.in_bulk([ones[n].pk for n in order]).values())
        ranked.sort(key=lambda one: order.index(next(n for n, o in enumerate(ones) if o.pk == one.pk)))
        editing.put_in_order(group, ranked, by=shop.otto, at=clock.now())
        found = group.segments.live().order_by("priority").values_list("name", flat=True)  # type: ignore[attr-defined]
        assert list(found) == [f"第{n}" for n in order]


def test_a_group_s_name_is_given_once(shop: Cast) -> None:
    client = seen_by(shop.otto)
    assert [client.post(f"{HOME}groups/", {"name": n}).status_code for n in ("组", "组", " ")] == [302, 400, 400]


def frozen(cast: Cast, purpose: str) -> Audience:
    one = Segment.objects.first() or made(cast)
    answer = seen_by(cast.otto).post(f"{HOME}{one.public_id}/freeze/", {"purpose": purpose, "name": purpose})
    assert answer.status_code == 302
    return Audience.objects.latest("pk")


def test_an_audience_leaves_out_who_does_not_allow_it(shop: Cast) -> None:
    one = made(shop)
    consents.give(shop.member(MEI), ["marketing_1v1"], terms="1", at=clock.now(), source="form")
    asked = seen_by(shop.otto).get(f"{HOME}{one.public_id}/freeze/", {"purpose": "marketing_1v1"})
    told = frozen(shop, "marketing_1v1")
    assert (asked.context["size"], asked.context["planned"]) == (told.size, told.planned) == (1, 2)
    page = seen_by(shop.ann).get(f"{HOME}audiences/{told.public_id}/people/").context["page"]
    assert [card.member.pk for card in page.cards] == [shop.member(MEI).pk]


def test_two_audiences_are_compared(shop: Cast) -> None:
    made(shop)
    consents.give(shop.member(MEI), ["marketing_1v1", "ad_match"], terms="1", at=clock.now(), source="form")
    consents.give(shop.member(LAN), ["ad_match"], terms="1", at=clock.now(), source="form")
    one, other = frozen(shop, "marketing_1v1"), frozen(shop, "ad_match")
    told = seen_by(shop.ann).get(f"{HOME}audiences/{one.public_id}/", {"beside": other.public_id}).context["compared"]
    assert (told["both"], told["mine"], told["theirs"]) == (1, 0, 1)


@pytest.fixture
def pack(shop: Cast, settings: Any) -> Pack:
    """Otto asked for it; Mei allows it and has a phone."""
    settings.PACK_LEAST = 1
    consents.give(shop.member(MEI), ["ad_match"], terms="1", at=clock.now(), source="form")
    identities.add_ids([(shop.member(MEI).pk, "phone", "+8613800000001")])
    told = frozen(shop, "ad_match")
    said = {"platform": "tencent", "use": "alike", "reason": "春季", "ids": "phone", "days": "3"}
    answer = seen_by(shop.otto).post(f"{HOME}audiences/{told.public_id}/pack/", said)
    assert answer.status_code == 302, answer.content.decode()
    return Pack.objects.get()


def test_too_few_people_are_offered_no_pack(shop: Cast, pack: Pack, settings: Any) -> None:
    page, offer = f"{HOME}audiences/{pack.audience.public_id}/", f"audiences/{pack.audience.public_id}/pack/"
    assert offer in text(seen_by(shop.otto), page) and offer in text(seen_by(shop.otto), f"{HOME}packs/")
    settings.PACK_LEAST = 100
    told = text(seen_by(shop.otto), page)
    assert offer not in told and "100" in told and offer not in text(seen_by(shop.otto), f"{HOME}packs/")


def test_a_pack_from_asking_to_the_file(shop: Cast, pack: Pack) -> None:
    path = f"{HOME}packs/{pack.public_id}/"
    assert seen_by(shop.otto).post(f"{path}file/").status_code == 302
    assert seen_by(shop.otto).post(f"{path}decide/", {"answer": "yes"}).status_code == 403
    seen_by(shop.paula).post(f"{path}decide/", {"answer": "yes"})
    assert seen_by(shop.paula).post(f"{path}file/").status_code == 403
    answer = seen_by(shop.otto).post(f"{path}file/")
    lines = b"".join(answer.streaming_content).decode().split()  # type: ignore[attr-defined]
    assert lines[1:] == [hashlib.sha256(b"+8613800000001").hexdigest()]
    assert "attachment" in answer["Content-Disposition"] and "no-store" in answer["Cache-Control"]
    assert Entry.objects.filter(verb="pack.exported", rows=1, actor=shop.otto).count() == 1


def test_a_pack_s_page_counts_beside_itself(shop: Cast, pack: Pack) -> None:
    path = f"{HOME}packs/{pack.public_id}/"
    assert "part=now" in text(seen_by(shop.paula), path)
    answer = seen_by(shop.paula).get(path, {"part": "now"})
    assert (len(answer.context["now"].people), answer.context["left_out"]) == (1, [])


def test_even_an_administrator_does_not_approve_her_own(shop: Cast, pack: Pack) -> None:
    Pack.objects.filter(pk=pack.pk).update(asked_by=shop.ada)
    seen_by(shop.ada).post(f"{HOME}packs/{pack.public_id}/decide/", {"answer": "yes"})
    pack.refresh_from_db()
    assert pack.state == Pack.State.ASKED


@pytest.mark.parametrize("who", ["ann", "ben", "fang", "cai", "eve"])
def test_packs_are_for_those_who_export_or_approve(shop: Cast, pack: Pack, who: str) -> None:
    client = seen_by(getattr(shop, who))
    assert client.get(f"{HOME}packs/").status_code == 403
    for part in ("decide/", "file/", "end/"):
        assert client.post(f"{HOME}packs/{pack.public_id}/{part}").status_code == 403


def test_what_was_filled_in_for_a_pack_stays_when_something_is_wrong(shop: Cast, pack: Pack) -> None:
    said = {"platform": "jd", "use": "reach", "reason": "夏季大促", "ids": "openid", "days": "500"}
    answer = seen_by(shop.otto).post(f"{HOME}audiences/{pack.audience.public_id}/pack/", said)
    assert answer.status_code == 400
    assert "夏季大促" in answer.content.decode() and set(answer.context["form"].errors) == {"app", "days"}


def test_ended_nobody_takes_it(shop: Cast, pack: Pack) -> None:
    path = f"{HOME}packs/{pack.public_id}/"
    seen_by(shop.paula).post(f"{path}decide/", {"answer": "yes"})
    seen_by(shop.otto).post(f"{path}end/")
    assert seen_by(shop.otto).post(f"{path}file/").status_code == 302
    assert "part=now" not in text(seen_by(shop.otto), path)


def test_the_cross_table_opens_its_cells(shop: Cast) -> None:
    group = labels.group("口味", by=shop.otto, at=clock.now())
    hot = labels.tag(group, "=辣", by=shop.otto, at=clock.now())
    tags.put_on([shop.member(MEI).pk], hot, by=shop.otto, at=clock.now())
    asked = {"rows": f"tag_group:{group.public_id}", "columns": "gender"}
    client = seen_by(shop.ann)
    answer = client.get(f"{HOME}cross/", asked)
    side, cells, margin = answer.context["body"][0]
    assert (side.label, margin, sum(cell["people"] for cell in cells)) == ("=辣", "1", 1)
    link = next(cell["link"] for cell in cells if cell["people"])
    people = client.get(link)
    assert [card.member.pk for card in people.context["page"].cards] == [shop.member(MEI).pk]
    blocks = client.get(people.context["build"]).context["blocks"]
    assert [row.line.field for block in blocks for row in block.rows] == ["tag", "gender"]
    assert client.get("/customers/segments/new/", {"rule": '{"all": 3}'}).status_code == 200
    table = text(client, f"{HOME}cross/cross.csv", **asked)
    assert "'=辣" in table and "\n=辣" not in table
    assert client.get(f"{HOME}cross/", {**asked, "rows": "nothing"}).status_code == 404


def test_a_list_of_many_segments_asks_few_questions(shop: Cast, django_assert_max_num_queries: Any) -> None:
    for n in range(30):
        definitions.make(f"第{n}", {"all": [NEVER, LIVE]}, by=shop.otto, at=clock.now())
    client = seen_by(shop.ann)
    client.get(HOME)
    with django_assert_max_num_queries(40):
        client.get(HOME)
