"""What is done at the desks: by verbs, within one's own places, written into the audit book."""

import re
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from PIL import Image

from campaigns.models import Attachment, Welcome
from guides.models import Code, Posting
from scrm.audit import alarms, kinds
from scrm.audit.models import Alarm, Entry
from stores.models import Contract, Person, Seat, Store
from tests.cast import LAN, NOW, Cast

ROOT = Path(__file__).resolve().parents[2]


def at_desk(who: Person, page: str, /, *args: Any, **said: Any) -> Any:
    client = Client()
    client.force_login(who)
    return client.post(reverse(f"admin:{page}", args=args), said)


def rows(prefix: str, *rows: dict[str, Any], there: int = 0) -> dict[str, Any]:
    """A formset as a browser sends it."""
    said = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": there}
    return said | {f"{prefix}-{n}-{name}": value for n, row in enumerate(rows) for name, value in row.items()}


def verbs() -> list[str]:
    return list(Entry.objects.order_by("id").values_list("verb", flat=True))


def test_hq_opens_a_store(cast: Cast) -> None:
    said = {"name": "新天地店", "code": "S009", "region": cast.east.pk, "opens_on": "2026-04-01"}
    assert at_desk(cast.ada, "stores_store_add", **said).status_code == 302
    store = Store.objects.get(code="S009")
    assert store.placements.get().starts_on == store.openings.get().starts_on == date(2026, 4, 1)
    assert verbs()[-1] == "store.added"


def a_store(store: Store, **more: Any) -> dict[str, Any]:
    said = {"name": store.name, "code": store.code, "city": store.city, "address": ""}
    for prefix in ("placements", "openings", "contracts", "departments"):
        said |= rows(prefix)
    return {**said, **more}


def contract(cast: Cast, starts_on: str, ends_on: str = "") -> dict[str, Any]:
    return {"store": cast.xujiahui.pk, "franchisee": cast.fangs.pk, "starts_on": starts_on, "ends_on": ends_on}


def test_a_contract_makes_a_franchise_store(cast: Cast) -> None:
    said = a_store(cast.xujiahui, **rows("contracts", contract(cast, "2026-02-01")))
    assert at_desk(cast.ada, "stores_store_change", cast.xujiahui.pk, **said).status_code == 302
    cast.xujiahui.refresh_from_db()
    assert (cast.xujiahui.kind, cast.xujiahui.contracts.count()) == ("franchise", 1)
    assert Entry.objects.get(verb="store.changed").detail["parts"] == {"contracts": 1}


@pytest.mark.parametrize(
    ("periods", "complaint"),
    [
        ([("2026-02-01", ""), ("2026-03-01", "")], "时间重叠"),
        ([("2026-02-01", "2026-03-02"), ("2026-03-01", "")], "时间重叠"),
        ([("2026-02-01", "2026-02-01")], "必须晚于"),
        ([("2026-02-01", "2026-01-01")], "必须晚于"),
    ],
)
def test_periods_that_cannot_be_are_explained(cast: Cast, periods: list[tuple[str, str]], complaint: str) -> None:
    said = a_store(cast.xujiahui, **rows("contracts", *(contract(cast, *period) for period in periods)))
    answer = at_desk(cast.ada, "stores_store_change", cast.xujiahui.pk, **said)
    assert answer.status_code == 200
    assert complaint in answer.content.decode()
    assert not Contract.objects.filter(store=cast.xujiahui).exists()


def test_a_contradiction_that_only_the_database_sees_is_no_500(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stores.admin.DatedFormSet.clean", lambda self: None)
    said = a_store(cast.xujiahui, **rows("contracts", contract(cast, "2026-02-01"), contract(cast, "2026-02-02")))
    assert at_desk(cast.ada, "stores_store_change", cast.xujiahui.pk, **said).status_code == 302
    assert not Contract.objects.filter(store=cast.xujiahui).exists()


def test_hq_takes_on_a_person_and_gives_her_a_seat(cast: Cast) -> None:
    password = "correct horse battery"
    said = {"username": "nora", "name": "Nora", "password1": password, "password2": password, "usable_password": "true"}
    at_desk(cast.ada, "stores_person_add", **said, **rows("seats"))
    nora = Person.objects.get(username="nora")
    seat = {"role": "store_manager", "store": cast.xujiahui.pk}
    said = {"username": "nora", "name": "Nora", "is_active": "on", **rows("seats", seat)}
    assert at_desk(cast.ada, "stores_person_change", nora.pk, **said).status_code == 302
    assert (nora.check_password(password), nora.seats.get().store) == (True, cast.xujiahui)
    assert "seat.given" in verbs()


@pytest.mark.parametrize("seat", [{"role": "store_manager"}, {"role": "region_manager", "store": "here"}])
def test_a_seat_stands_where_its_role_does(cast: Cast, seat: dict[str, Any]) -> None:
    if seat.get("store"):
        seat = {**seat, "store": cast.xujiahui.pk}
    said = {"username": "eve", "name": "Eve", "is_active": "on", **rows("seats", seat)}
    assert at_desk(cast.ada, "stores_person_change", cast.eve.pk, **said).status_code == 200
    assert not cast.eve.seats.exists()


def test_a_seat_is_taken_and_stays_in_the_book(cast: Cast) -> None:
    seat = Seat.objects.get(person=cast.rita)
    held = {"id": seat.pk, "person": cast.rita.pk, "DELETE": "on"}
    said = {"username": "rita", "name": "Rita", "is_active": "on", **rows("seats", held, there=1)}
    assert at_desk(cast.ada, "stores_person_change", cast.rita.pk, **said).status_code == 302
    seat.refresh_from_db()
    assert seat.ends_at is not None
    assert "seat.taken" in verbs()


def test_a_password_is_set(cast: Cast) -> None:
    password = "correct horse battery"
    said = {"password1": password, "password2": password, "usable_password": "true"}
    at_desk(cast.ada, "auth_user_password_change", cast.eve.pk, **said)
    cast.eve.refresh_from_db()
    assert cast.eve.check_password(password)
    assert password not in str(list(Entry.objects.values()))


def test_posting_a_guide_opens_her_seat(cast: Cast) -> None:
    cai = cast.guide("cai")
    said = {"person": cast.cai.pk, "successor": "", **rows("postings", {"guide": cai.pk, "store": cast.xujiahui.pk})}
    assert at_desk(cast.rita, "guides_guide_change", cai.pk, **said).status_code == 302
    assert Posting.objects.filter(guide=cai, store=cast.xujiahui, ends_at=None).exists()
    assert cast.cai.seats.filter(store=cast.xujiahui, ends_at=None).exists()


def test_nobody_posts_to_a_store_of_others(cast: Cast) -> None:
    cai = cast.guide("cai")
    said = {"person": cast.cai.pk, **rows("postings", {"guide": cai.pk, "store": cast.fangs_first.pk})}
    assert at_desk(cast.rita, "guides_guide_change", cai.pk, **said).status_code == 200
    assert not Posting.objects.filter(guide=cai, store=cast.fangs_first).exists()


def test_another_login_takes_the_seats_with_it(cast: Cast) -> None:
    cai = cast.guide("cai")
    said = {"person": cast.eve.pk, "successor": "", **rows("postings")}
    assert at_desk(cast.ada, "guides_guide_change", cai.pk, **said).status_code == 302
    cai.refresh_from_db()
    assert cai.person == cast.eve
    assert cast.eve.seats.filter(store=cast.nanjing_road, ends_at=None).exists()
    assert not cast.cai.seats.filter(ends_at=None).exists()


def test_a_code_is_made_changed_and_deleted_through_its_verbs(cast: Cast) -> None:
    said = {"store": cast.nanjing_road.pk, "kind": "store", "name": "橱窗", "skip_verify": "on"}
    assert at_desk(cast.ben, "guides_code_add", **said).status_code == 302
    code = Code.objects.get()
    assert at_desk(cast.ben, "guides_code_change", code.pk, name="门口", skip_verify="on").status_code == 302
    assert at_desk(cast.ben, "guides_code_delete", code.pk, post="yes").status_code == 302
    code.refresh_from_db()
    assert (code.name, code.deleted_at is not None, code.wanted) == ("门口", True, 3)
    assert verbs()[-3:] == ["code.created", "code.changed", "code.deleted"]


@pytest.mark.parametrize("store", ["xujiahui", "fangs_first"])
def test_nobody_makes_a_code_for_a_store_of_others(cast: Cast, store: str) -> None:
    said = {"store": getattr(cast, store).pk, "kind": "store", "name": "橱窗"}
    assert at_desk(cast.ben, "guides_code_add", **said).status_code == 200
    assert not Code.objects.exists()


def test_what_a_code_cannot_be_is_said_on_the_form(cast: Cast) -> None:
    said = {"store": cast.nanjing_road.pk, "kind": "guide", "name": "x", "guides": [cast.guide("dong").pk]}
    answer = at_desk(cast.ada, "guides_code_add", **said)
    assert answer.status_code == 200
    assert "不在该门店任职" in answer.content.decode()


def test_deleting_a_code_first_shows_what_is_at_stake(cast: Cast) -> None:
    code = cast.code()
    Code.objects.update(prints=41)
    client = Client()
    client.force_login(cast.ben)
    assert "41" in client.get(reverse("admin:guides_code_delete", args=[code.pk])).content.decode()
    said = {"action": "delete_selected", "_selected_action": [code.pk]}
    assert "41" in client.post(reverse("admin:guides_code_changelist"), said).content.decode()
    assert client.post(reverse("admin:guides_code_changelist"), {**said, "post": "yes"}).status_code == 302
    assert not Code.objects.alive().exists()


def png() -> BytesIO:
    file = BytesIO()
    Image.new("RGB", (4, 4), "red").save(file, "PNG")
    file.name = "picture.png"
    file.seek(0)
    return file


def test_a_manager_writes_her_stores_welcome_with_a_picture(cast: Cast) -> None:
    said = {"name": "w", "store": cast.nanjing_road.pk, "text": "你好，我是{guide}", "active": "on"}
    picture = rows("attachments", {"kind": "image", "rank": 0, "picture_file": png()})
    assert at_desk(cast.ben, "campaigns_welcome_add", **said, **picture).status_code == 302
    attachment = Attachment.objects.get()
    assert attachment.welcome.store == cast.nanjing_road
    client = Client()
    client.force_login(cast.ben)
    shown = client.get(reverse("admin:campaigns_picture", args=[attachment.public_id]))
    assert (shown["Content-Type"], shown.content) == ("image/png", png().getvalue())
    client.force_login(cast.fang)
    assert client.get(reverse("admin:campaigns_picture", args=[attachment.public_id])).status_code == 404


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"text": "hi"}, "请选择门店或渠道活码"),
        ({"text": "{nobody}", "store": "here"}, "不认识"),
        ({"text": "店" * 1400, "store": "here"}, "4000"),
        ({"text": "hi", "store": "elsewhere"}, "errorlist"),
    ],
)
def test_what_is_wrong_with_a_welcome_is_said(cast: Cast, said: dict[str, Any], complaint: str) -> None:
    stores = {"here": cast.nanjing_road.pk, "elsewhere": cast.xujiahui.pk}
    said = {"name": "w", "active": "on", **said, "store": stores.get(said.get("store", ""), "")}
    answer = at_desk(cast.ben, "campaigns_welcome_add", **said, **rows("attachments"))
    assert answer.status_code == 200
    assert complaint in answer.content.decode() or answer.context["errors"]
    assert not Welcome.objects.exists()


def test_a_damaged_picture_is_refused_on_the_form(cast: Cast) -> None:
    said = {"name": "w", "store": cast.nanjing_road.pk, "text": "hi", "active": "on"}
    file = BytesIO(b"not a picture")
    file.name = "picture.png"
    picture = rows("attachments", {"kind": "image", "rank": 0, "picture_file": file})
    answer = at_desk(cast.ben, "campaigns_welcome_add", **said, **picture)
    assert "不是 PNG 或 JPG 图片" in answer.content.decode()


def test_two_welcomes_in_use_for_one_place_are_refused(cast: Cast) -> None:
    Welcome.objects.create(name="first", text="hi", store=cast.nanjing_road)
    said = {"name": "second", "store": cast.nanjing_road.pk, "text": "hi", "active": "on"}
    answer = at_desk(cast.ben, "campaigns_welcome_add", **said, **rows("attachments"))
    assert "已有启用中的欢迎语" in answer.content.decode()


def test_alarms_are_cleared_by_those_who_may(cast: Cast) -> None:
    alarms.sound("code_refused", "c_1", at=NOW)
    said = {"action": "clear", "_selected_action": [Alarm.objects.get().pk]}
    at_desk(cast.ann, "audit_alarm_changelist", **said)
    assert Alarm.objects.get().cleared_at is None
    assert at_desk(cast.otto, "audit_alarm_changelist", **said).status_code == 302
    assert Alarm.objects.get().cleared_at is not None
    assert verbs()[-1] == "alarm.cleared"


def test_readers_change_nothing(cast: Cast) -> None:
    cast.add(LAN, "cai")
    for name in ("stores_store_change", "guides_guide_change", "stores_person_change"):
        assert at_desk(cast.ann, name, 1, name="x").status_code in (302, 403)
    assert at_desk(cast.ann, "stores_store_change", cast.nanjing_road.pk, name="x").status_code == 403
    assert at_desk(cast.ben, "stores_store_change", cast.nanjing_road.pk, name="x").status_code == 403


def test_every_alarm_says_what_it_means() -> None:
    sources = [p for top in ("scrm", "stores", "members", "guides", "campaigns") for p in (ROOT / top).rglob("*.py")]
    found = {kind for p in sources for kind in re.findall(r"alarms\.sound\(\s*\"([^\"]+)\"", p.read_text("utf-8"))}
    assert found
    assert found - kinds.ALARMS.keys() == set()
    with translation.override("zh-hans"):
        assert str(kinds.meaning("code_refused")[0]) == "企业微信拒绝了渠道活码"
        assert kinds.deed("code.changed") == "修改"
        assert kinds.thing("guides.code") == "渠道活码"
