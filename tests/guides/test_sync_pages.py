"""The sync's page and command: who may look, who may begin, what they read."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from guides import progress, syncs
from guides.models import Sync
from guides.tasks import sync_every_corp
from scrm import clock
from scrm.wecom.errors import NeedsFix
from scrm.wecom.models import Corp
from tests.cast import NOW, Cast, after
from tests.guides.test_sync import FakeWeCom, people, row, sync, wx

__all__ = ["sync", "wx"]
pytestmark = pytest.mark.django_db
PAGE = "/admin/wecom/sync/"
Signed = Callable[[str], Client]


@pytest.fixture
def signed(cast: Cast) -> Signed:
    def client(name: str) -> Client:
        browser = Client()
        browser.force_login(getattr(cast, name))
        return browser

    return client


def test_hq_begins_a_sync_with_the_button(cast: Cast, wx: FakeWeCom, signed: Signed) -> None:
    assert "立即同步" in signed("ada").get(PAGE).content.decode()
    assert signed("ada").post(PAGE, {"corp": cast.corp.corp_id}).status_code == 302
    begun = Sync.objects.get()
    assert (begun.by, begun.cause, begun.state) == (cast.ada, "button", "running")
    shown = signed("ada").get(PAGE).content.decode()
    assert "hx-trigger" in shown and "立即同步" not in shown


@pytest.mark.parametrize(("who", "looks", "begins"), [("otto", 200, 403), ("ann", 200, 403), ("ben", 403, 403)])
def test_who_may_look_may_not_always_begin(cast: Cast, signed: Signed, who: str, looks: int, begins: int) -> None:
    assert signed(who).get(PAGE).status_code == looks
    assert signed(who).post(PAGE, {"corp": cast.corp.corp_id}).status_code == begins
    assert not Sync.objects.exists()


def test_the_page_says_what_was_refused_and_what_to_do(wx: FakeWeCom, sync: Any, signed: Signed) -> None:
    wx.refusals = [NeedsFix("x", 48002)]
    sync()
    shown = signed("ann").get(PAGE).content.decode()
    assert "48002" in shown and "可调用接口的应用" in shown


def test_a_person_agrees_on_the_page(cast: Cast, wx: FakeWeCom, sync: Any, signed: Signed) -> None:
    wx.rows = people(20)
    sync()
    wx.rows = wx.rows[:10]
    last = sync(after(days=1))
    assert "没有结束任何关系" in signed("ada").get(PAGE).content.decode()
    assert signed("otto").post(PAGE, {"sync": last.public_id, "phase": "customers"}).status_code == 403
    signed("ada").post(PAGE, {"sync": last.public_id, "phase": "customers"})
    assert Sync.objects.get(state="running").allowed == {"customers": 10}


def test_a_phase_that_did_not_shrink_has_nothing_to_agree_to(wx: FakeWeCom, sync: Any, signed: Signed) -> None:
    last = sync()
    said = signed("ada").post(PAGE, {"sync": last.public_id, "phase": "roster"}, follow=True)
    assert "后来的同步已有结果" in said.content.decode() and Sync.objects.count() == 1


def test_progress_tells_how_much_is_left(cast: Cast, wx: FakeWeCom) -> None:
    begun = syncs.begin(cast.corp, cause="command", at=NOW)
    from guides import chunks

    chunks.plan(begun, "customers", [{"guides": []}] * 4, at=NOW)
    held = chunks.claim(begun, at=NOW)
    assert held
    chunks.done(held, {"rows": 500, "calls": 5})
    line = progress.lines(begun, at=after(seconds=10))[0]
    assert (line.done, line.all, line.rows, line.rate, line.percent) == (1, 4, 500, 50, 25)
    assert line.remaining and line.remaining.total_seconds() == 30


def test_the_command_says_what_it_did(cast: Cast, wx: FakeWeCom, monkeypatch: pytest.MonkeyPatch) -> None:
    wx.rows, out = [row("wm" + "x" * 30, "cai")], StringIO()
    in_one_thread(monkeypatch)
    call_command("sync_corp", corp_id=cast.corp.corp_id, stdout=out)
    assert "customers done" in out.getvalue() and "1 rows" in out.getvalue()


def test_the_command_fails_in_a_clear_sentence(cast: Cast, wx: FakeWeCom, monkeypatch: pytest.MonkeyPatch) -> None:
    wx.refusals = [NeedsFix("x", 48002)]
    in_one_thread(monkeypatch)
    with pytest.raises(CommandError, match=r"(?s)refused everything.*48002.*Customer contact"):
        call_command("sync_corp", stdout=StringIO())


def test_the_command_that_is_stopped_says_how_to_go_on(
    cast: Cast, wx: FakeWeCom, monkeypatch: pytest.MonkeyPatch
) -> None:
    wx.refusals, out = [KeyboardInterrupt()], StringIO()  # type: ignore[list-item]
    in_one_thread(monkeypatch)
    with pytest.raises(SystemExit) as ended:
        call_command("sync_corp", stdout=out)
    assert ended.value.code == 130 and "goes on" in out.getvalue()
    call_command("sync_corp", stdout=StringIO())
    assert Sync.objects.get().state == Sync.State.DONE


def test_a_corp_that_has_no_app_yet_is_passed_by(cast: Cast, wx: FakeWeCom, monkeypatch: pytest.MonkeyPatch) -> None:
    Corp.objects.create(corp_id="ww0000000000000009")
    in_one_thread(monkeypatch)
    call_command("sync_corp", stdout=StringIO())
    assert Sync.objects.get().corp == cast.corp


def test_no_corp_is_an_error(db: None) -> None:
    with pytest.raises(CommandError, match="No such corp"):
        call_command("sync_corp", corp_id="ww-nobody", stdout=StringIO())


def test_every_night_each_corp_is_synced(cast: Cast, wx: FakeWeCom) -> None:
    sync_every_corp()
    begun = Sync.objects.get()
    assert begun.cause == "nightly" and begun.due_at <= clock.now()


def in_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test's transaction is seen by its own thread alone."""
    alone = syncs.go_on
    monkeypatch.setattr(syncs, "go_on", lambda begun, now: alone(begun, now, threads=1))
