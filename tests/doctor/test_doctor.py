"""The doctor finds nothing in a healthy house, and each illness by its name, with its remedy."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import translation

from guides.models import Guide
from scrm import clock, footing
from scrm.audit.models import Heartbeat
from scrm.connect import steps
from scrm.doctor import checks, database
from scrm.findings import Level
from scrm.wecom import client
from scrm.wecom.models import App, Corp, DomainProof, Letter, Quota, Receiver
from tests.doctor.conftest import House

pytestmark = pytest.mark.network

# The tests' own PostgreSQL is fast instead of safe, and their profile is not production's.
OF_THE_TESTS = {"database": Level.BAD, "settings": Level.WARN}


def test_where_all_is_right_nothing_is_found(house: House) -> None:
    assert house.ill() == OF_THE_TESTS


def _new_secret(house: House) -> None:
    house.console("secret")


def _disabled(house: House) -> None:
    house.wx.world.corps[house.corp.corp_id].apps[str(house.receiver.app.agent_id)].disabled = True  # type: ignore[union-attr]


def _closed(house: House) -> None:
    later = clock.now() + timedelta(minutes=4)
    App.objects.update(closed_until=later, token_failures=3, token_errcode=40001)


def _parked(house: House) -> None:
    Letter.objects.update(state="parked")


def _nobody_posted(house: House) -> None:
    Guide.objects.update(status="left")


def _blocked(house: House) -> None:
    Quota.objects.all().delete()
    Quota.objects.create(
        corp=house.corp, api="user/get", minute_left=1, hour_left=1, refilled_at=clock.now(),
        blocked_until=clock.now() + timedelta(minutes=1),
    )  # fmt: skip


ILLNESSES: list[tuple[str, Callable[[House], Any], str, Level, str]] = [
    ("wrong secret", _new_secret, "secret", Level.BAD, "Secret"),
    ("app disabled", _disabled, "secret", Level.BAD, "Secret"),
    ("breaker open", _closed, "secret", Level.BAD, "Secret"),
    ("address not trusted", lambda h: h.console("ips", ips=["10.9.9.9"]), "secret", Level.BAD, "可信IP"),
    ("not in the callable list", lambda h: h.console("callable", on=False), "callable", Level.BAD, "可调用接口的应用"),
    ("sees nobody", lambda h: h.console("visible", departments=[]), "visible", Level.BAD, "可见范围"),
    ("nobody with contact", lambda h: h.console("visible", departments=[2]), "callable", Level.WARN, "客户联系"),
    ("never verified", lambda h: (Letter.objects.all().delete(), Receiver.objects.update(verified_at=None)),
     "verified", Level.BAD, "设置API接收"),
    ("directory events not ticked", lambda h: Letter.objects.filter(event="change_contact").delete(),
     "letters", Level.WARN, "通讯录变更"),
    ("customer events not ticked", lambda h: Letter.objects.filter(event="change_external_contact").delete(),
     "letters", Level.WARN, "外部联系人变更"),
    ("no letters", lambda h: Letter.objects.all().delete(), "letters", Level.BAD, "外部联系人变更"),
    ("silence", lambda h: Letter.objects.update(received_at=clock.now() - timedelta(days=3)),
     "letters", Level.WARN, "备注"),
    ("guides not ready", lambda h: Guide.objects.update(can_contact=False), "people", Level.WARN, "未就绪"),
    ("no guides", _nobody_posted, "people", Level.WARN, "同步"),
    ("an API is blocked", _blocked, "quotas", Level.WARN, "WECOM_CALLS_PER_MINUTE"),
    ("old secret", lambda h: App.objects.update(secret_set_at=clock.now() - timedelta(days=400)),
     "secret_age", Level.WARN, "Secret"),
    ("no proof file", lambda h: DomainProof.objects.all().delete(), "proof", Level.WARN, "可信域名"),
    ("letters set aside", _parked, "queue", Level.WARN, "work"),
    ("letters wait", lambda h: Letter.objects.update(state="waiting", received_at=clock.now() - timedelta(hours=1)),
     "queue", Level.BAD, "work"),
    ("no worker", lambda h: Heartbeat.objects.filter(name="work").delete(), "worker", Level.BAD, "work"),
    ("worker silent", lambda h: Heartbeat.objects.update(at=clock.now() - timedelta(minutes=9)),
     "worker", Level.BAD, "work"),
    ("no scheduler", lambda h: Heartbeat.objects.filter(name="scheduler").delete(),
     "scheduler", Level.BAD, "celery"),
]  # fmt: skip


@pytest.mark.parametrize(("illness", "make", "check", "level", "remedy"), ILLNESSES, ids=[one[0] for one in ILLNESSES])
def test_each_illness_is_found_with_its_remedy(
    house: House, illness: str, make: Callable[[House], Any], check: str, level: Level, remedy: str
) -> None:
    make(house)
    found = house.find(check)
    with translation.override("zh-hans"):
        assert found.level == level, str(found.said)
        assert remedy in str(found.mend)


def test_an_address_that_is_not_trusted_is_said(house: House) -> None:
    house.console("ips", ips=[])
    found = house.find("secret")
    assert found.facts == {"errcode": 60020, "ip": "127.0.0.1"} and "127.0.0.1" in str(found.said)


def test_an_address_of_ours_that_leads_nowhere(house: House, settings: Any) -> None:
    settings.BASE_URL = house.wx.base_url  # somebody else's server
    assert house.find("reachable").facts["status"] == 404
    assert house.find("proof").level == Level.BAD
    settings.BASE_URL = "http://127.0.0.1:9"
    assert house.find("reachable").level == Level.BAD
    settings.BASE_URL = ""
    assert [house.find(name).level for name in ("reachable", "proof", "base_url")] == [Level.WARN] * 3


def test_our_own_question_is_no_verification_by_wecom(house: House) -> None:
    Receiver.objects.update(verified_at=None)
    assert house.find("reachable").level == Level.OK
    assert Receiver.objects.get().verified_at is None


def test_keys_of_which_one_is_missing(house: House, settings: Any) -> None:
    assert house.find("keys").level == Level.OK
    settings.FIELD_KEYS = ["another-key-of-thirty-two-characters"]
    assert house.find("keys").level == Level.BAD


def test_a_backup_that_is_late(house: House, settings: Any) -> None:
    settings.BACKUP_EVERY_HOURS = 26
    assert house.find("backup").level == Level.OK
    Heartbeat.objects.update(at=clock.now() - timedelta(hours=30))
    assert house.find("backup").level == Level.BAD
    Heartbeat.objects.all().delete()
    assert house.find("backup").level == Level.BAD


@pytest.mark.parametrize(("minutes", "level"), [(10, Level.BAD), (-10, Level.BAD), (0.2, Level.WARN), (0, Level.OK)])
def test_a_clock_that_is_wrong(db: None, minutes: float, level: Level) -> None:
    with time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=True):
        assert database.clock(clock.now()).level == level


def test_wecoms_clock_is_asked_too(house: House) -> None:
    check = checks.BY_NAME["clock_wecom"]
    assert checks.examine(check, None, at=clock.now() + timedelta(minutes=10)).finding.level == Level.BAD
    house.wx.stop()
    client.forget_clients()  # with the lines that they keep open
    assert house.find("clock_wecom").level == Level.BAD and house.find("secret").level == Level.BAD


SOUND = ("on", "on", "on", 180006, "UTF8", False, False, 0, "C.UTF-8")


@pytest.mark.parametrize(
    ("place", "value", "word"),
    [(0, "off", "fsync"), (1, "off", "full_page_writes"), (2, "off", "synchronous_commit"), (3, 140010, "15"),
     (4, "SQL_ASCII", "encoding"), (5, True, "superuser"), (6, True, "BYPASSRLS"), (7, 3, "owns")],
)  # fmt: skip
def test_a_database_that_may_lose_letters(monkeypatch: Any, place: int, value: Any, word: str) -> None:
    row = list(SOUND)
    monkeypatch.setattr(footing, "asked", lambda: row)
    assert database.safe(clock.now()).level == Level.OK
    row[place] = value
    with translation.override("en"):
        found = database.safe(clock.now())
    assert found.level == Level.BAD and word in str(found.facts) + str(found.said)


def test_the_tests_own_database_is_seen_through(db: None) -> None:
    assert "fsync" in str(database.safe(clock.now()).said)


@pytest.mark.parametrize(
    ("row", "level"),
    [(("18.6", "UTC", 100, 3, "C.UTF-8"), Level.OK), (("18.6", "UTC", 100, 3, "C"), Level.BAD),
     (("18.6", "UTC", 20, 3, "C.UTF-8"), Level.WARN), (("18.6", "UTC", 100, 90, "C.UTF-8"), Level.WARN)],
)  # fmt: skip
def test_a_database_that_does_not_fit(monkeypatch: Any, row: Any, level: Level) -> None:
    monkeypatch.setattr(database, "_row", lambda _query: row)
    assert database.fitting(clock.now()).level == level


def test_migrations_that_are_missing(db: None, monkeypatch: Any) -> None:
    assert database.migrated(clock.now()).level == Level.OK
    monkeypatch.setattr(database.health, "unapplied", lambda: {("guides", "0099_more")})
    assert database.migrated(clock.now()).facts == {"missing": ["guides.0099_more"]}


def test_a_broker_that_is_away(db: None, settings: Any) -> None:
    settings.BROKER_URL = "redis://127.0.0.1:9/0"
    assert checks.examine(checks.BY_NAME["broker"], None, at=clock.now()).finding.level == Level.BAD


def test_a_check_that_fails_is_a_finding(db: None) -> None:
    def broken(_at: Any) -> Any:
        raise RuntimeError("no")

    found = checks.examine(checks.Check("x", "x", broken), None, at=clock.now()).finding
    assert found.level == Level.BAD and found.facts == {"error": "RuntimeError"}


def test_nobody_is_connected_yet(db: None) -> None:
    assert checks.examine(checks.BY_NAME["corps"], None, at=clock.now()).finding.level == Level.BAD


def test_a_corp_without_an_app(db: None) -> None:
    corp = Corp.objects.create(corp_id="ww0000000000000009")
    of_app = ("secret", "callable", "visible", "verified", "reachable", "callback_ips")
    found = [checks.examine(checks.BY_NAME[name], corp, at=clock.now()).finding for name in of_app]
    assert {one.level for one in found} == {Level.BAD}


def run(*more: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("doctor", *more, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def test_the_command_says_it_in_chinese_and_ends_with_1(house: House) -> None:
    house.console("ips", ips=[])
    code, said = run("--corp-id", house.corp.corp_id)
    assert code == 1 and "企业可信IP" in said and "127.0.0.1" in said and "✗" in said


def test_the_command_speaks_to_machines(house: House, monkeypatch: Any) -> None:
    monkeypatch.setattr(footing, "asked", lambda: SOUND)
    code, said = run("--json")
    found = json.loads(said)
    assert code == 0 and found["worst"] == "warn" and {one["check"] for one in found["checks"]} == set(checks.BY_NAME)
    secret = App.objects.get().secret
    assert str(secret) not in said and str(house.receiver.aes_key) not in said


def test_the_command_knows_no_such_corp(db: None) -> None:
    with pytest.raises(CommandError):
        run("--corp-id", "wwnobody")


def test_a_rare_event_is_found_behind_many_letters(house: House, monkeypatch: Any) -> None:
    monkeypatch.setattr(steps, "LATEST", 1)
    assert house.find("letters").level == Level.OK  # the one before the latest is of the other kind
    Letter.objects.filter(event="change_external_contact").delete()
    house.letter("change_external_chat")
    assert house.find("letters").facts["missing"] == ["change_external_contact"]
