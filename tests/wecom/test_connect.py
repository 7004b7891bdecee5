"""Connecting a corp of one's own in a sandbox: the page and the conversation, step by step, with each mistake named."""

import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from guides import syncs
from guides.models import Guide, Sync
from scrm import clock, sandbox
from scrm.audit.models import Entry
from scrm.management.commands import connect_corp
from scrm.wecom import client, corps
from scrm.wecom.door import Key
from scrm.wecom.models import App, Corp, DomainProof, Receiver
from stores import places, seats
from stores.models import Person, Role, Store
from tests.cast import OPENED

pytestmark = pytest.mark.network
STEPS = ["app", "visible", "callable", "callback", "events", "domain", "sync"]


class Console:
    """WeCom's console of an own corp."""

    def __init__(self, wx: Any) -> None:
        self.wx = wx
        self.corp_id = wx.do("POST", "corps", name="我的品牌", stores=2)["corp_id"]
        self.app = wx.do("POST", "console/apps", corp_id=self.corp_id, name="掌柜")

    def __call__(self, path: str, **body: Any) -> Any:
        return self.wx.do("POST", f"console/{path}", corp_id=self.corp_id, agent_id=self.app["agent_id"], **body)

    def save(self, receiver: Receiver, base_url: str) -> None:
        url = f"{base_url}/wecom/callback/{receiver.slug}/"
        self("callback", url=url, token=str(receiver.token), aes_key=str(receiver.aes_key))

    def somebody_adds(self) -> None:
        user = next(u.userid for u in self.wx.world.corps[self.corp_id].users.values() if u.serves)
        mei = self.wx.do("POST", "customers", corp_id=self.corp_id)["external_userid"]
        self.wx.do("POST", "add", corp_id=self.corp_id, external_userid=mei, userid=user)
        self.wx.settle()


@pytest.fixture
def console(settings: Any) -> Iterator[Console]:
    client.forget_clients()
    with sandbox.running(seed=6, stores=1, switches={"verify_timeout": 20}) as wx:
        settings.WECOM_API_BASE_URL = wx.base_url
        yield Console(wx)
    client.forget_clients()


@pytest.fixture
def hq(db: None) -> Person:
    places.the_brand("品牌")
    person = Person.objects.create_user("hq", "opens-the-shop-early")
    seats.give(person, Role.HQ_ADMIN, at=OPENED)
    return person


@pytest.fixture
def page(hq: Person, settings: Any, request: Any) -> "Page":
    """Beside a server of its own only where WeCom is to call back."""
    called_back = "live_server" in request.fixturenames
    settings.BASE_URL = request.getfixturevalue("live_server").url if called_back else "http://127.0.0.1:9"
    browser = Client()
    browser.force_login(hq)
    return Page(browser)


class Page:
    """The guided page, one part after the other."""

    def __init__(self, browser: Client) -> None:
        self.browser, self.corp_id = browser, ""

    def begin(self, corp_id: str) -> None:
        answer = self.browser.post("/admin/wecom/connect/", {"corp_id": corp_id, "name": "我的品牌"})
        assert answer.status_code == 302 and answer["Location"].endswith(f"/{corp_id}/")
        self.corp_id = corp_id
        assert all(f"step={name}" in self.browser.get(answer["Location"]).text for name in STEPS)

    def see(self, step: str) -> str:
        return self.browser.get(f"/admin/wecom/connect/{self.corp_id}/part/?step={step}").text

    def do(self, step: str, **said: Any) -> Any:
        return self.browser.post(f"/admin/wecom/connect/{self.corp_id}/part/?step={step}", said)

    def mark(self, step: str) -> str:
        found = re.search(r'class="dot (\w+)"', self.see(step))
        return found[1] if found else ""


def test_from_nothing_to_a_synced_corp(page: Page, console: Console, live_server: Any) -> None:
    page.begin(console.corp_id)
    assert [page.mark(step) for step in STEPS] == ["todo"] * 7
    page.do("app", agent_id=console.app["agent_id"], secret=console.app["secret"])
    assert page.mark("app") == "bad" and "127.0.0.1" in page.see("app")
    console("ips", ips=["127.0.0.1"])
    assert [page.mark(step) for step in ("app", "visible", "callable")] == ["done", "bad", "bad"]
    console("visible", departments=[1])
    console("callable", on=True)
    assert [page.mark(step) for step in ("visible", "callable", "callback")] == ["done", "done", "waits"]
    console.save(Receiver.objects.get(), live_server.url)
    assert [page.mark(step) for step in ("callback", "events")] == ["done", "waits"]
    console("events", customer=True, contact=True)
    console.somebody_adds()
    assert page.mark("events") == "done" and "change_external_contact × 1" in page.see("events")
    page.do("sync")
    assert page.mark("sync") == "waits"
    while (sync := Sync.objects.get()).state == Sync.State.RUNNING:
        assert syncs.go_on(sync, clock.now) >= 0
    assert page.mark("sync") == "done" and Store.objects.filter(name__startswith="我的品牌").count() == 2
    assert Guide.objects.able().exists()


def test_what_is_in_the_callable_list_is_explained_in_chinese(page: Page, console: Console) -> None:
    page.begin(console.corp_id)
    page.do("app", agent_id=console.app["agent_id"], secret=console.app["secret"])
    console("ips", ips=["127.0.0.1"])
    assert "可调用接口的应用" in page.see("callable") and "没有调用客户联系接口的权限" in page.see("callable")


def test_a_wrong_secret_is_named_and_a_right_one_mends_it(page: Page, console: Console) -> None:
    console("ips", ips=["127.0.0.1"])
    page.begin(console.corp_id)
    said = page.do("app", agent_id=console.app["agent_id"], secret="x" * 43).text
    assert "Secret 与企业、应用不匹配" in said and "x" * 43 not in said
    assert "43 位" in page.do("app", agent_id=1, secret="short").text
    for _ in range(3):
        page.see("app")
    assert App.objects.get().closed_until  # the breaker: nobody is banned for our looking
    page.do("app", agent_id=console.app["agent_id"], secret=console.app["secret"])
    assert page.mark("app") == "done"


def test_an_unknown_corp_is_named(page: Page, console: Console) -> None:
    page.begin("wwffffffffffffffff")
    assert "没有这个企业 ID" in page.do("app", agent_id=1, secret="x" * 43).text


@pytest.mark.parametrize(
    "said", [{"corp_id": "a b"}, {"corp_id": ""}, {"corp_id": "ww123"}, {"name": ""}, {"api_base_url": "ftp://x"}]
)
def test_what_is_no_corp_is_refused(page: Page, said: dict[str, str]) -> None:
    answer = page.browser.post("/admin/wecom/connect/", {"corp_id": "wwffffffffffffffff", "name": "品牌", **said})
    assert answer.status_code == 200 and "error" in answer.text and not Corp.objects.exists()


def test_secrets_are_never_shown_again(page: Page, console: Console, live_server: Any) -> None:
    page.begin(console.corp_id)
    page.do("app", agent_id=console.app["agent_id"], secret=console.app["secret"])
    page.see("callback")
    receiver = Receiver.objects.get()
    assert str(receiver.aes_key) in page.see("callback")  # to be pasted; one may leave and come back
    console("ips", ips=["127.0.0.1"])
    console.save(receiver, live_server.url)
    shown = "".join(page.see(step) for step in STEPS)
    assert not any(str(hidden) in shown for hidden in (receiver.token, receiver.aes_key, console.app["secret"]))


def test_new_keys_must_be_verified_anew(page: Page, console: Console, live_server: Any) -> None:
    page.begin(console.corp_id)
    page.do("app", agent_id=console.app["agent_id"], secret=console.app["secret"])
    page.see("callback")
    before = Receiver.objects.get()
    console.save(before, live_server.url)
    page.do("callback", act="renew")
    after = Receiver.objects.get()
    assert (after.verified_at, after.previous_aes_key) == (None, before.aes_key) and page.mark("callback") == "waits"
    console.wx.do("POST", "verify", corp_id=console.corp_id, agent_id=console.app["agent_id"])
    assert Receiver.objects.get().verified_at is None  # by the old keys, which open letters for another day
    console.save(after, live_server.url)
    assert page.mark("callback") == "done"


def test_the_proof_file_is_taken_as_a_file_or_as_text(page: Page, console: Console, live_server: Any) -> None:
    page.begin(console.corp_id)
    page.do("app", agent_id=console.app["agent_id"], secret=console.app["secret"])
    page.do("domain", file=SimpleUploadedFile("WW_verify_abcdEFGH12.txt", b"abcdEFGH12\n"))
    page.do("domain", text="WW_verify_xyz1.txt")
    assert set(DomainProof.objects.values_list("code", flat=True)) == {"abcdEFGH12", "xyz1"}
    assert page.mark("domain") == "done"
    assert page.browser.get("/WW_verify_abcdEFGH12.txt").content == b"abcdEFGH12"
    assert "这不是企业微信的校验文件" in page.do("domain", text="<script>").text


def test_every_change_stands_in_the_book_without_values(page: Page, console: Console, hq: Person) -> None:
    page.begin(console.corp_id)
    page.do("app", agent_id=console.app["agent_id"], secret=console.app["secret"])
    page.see("callback")
    page.do("callback", act="renew")
    page.do("domain", text="abcd1234")
    page.do("sync")
    book = Entry.objects.filter(actor_id=hq.pk)
    wanted = {"wecom.corp.added", "wecom.app.changed", "wecom.receiver.added", "wecom.receiver.changed"}
    assert wanted | {"wecom.domainproof.added", "sync.begun"} <= set(book.values_list("verb", flat=True))
    assert console.app["secret"] not in str(list(book.values("detail")))


@pytest.mark.parametrize("role", [Role.HQ_OPERATOR, Role.ANALYST, Role.APPROVER])
def test_only_who_manages_wecom_connects(hq: Person, role: str) -> None:
    Corp.objects.create(corp_id="wwother")
    other = Person.objects.create_user("other", "opens-the-shop-late")
    seats.give(other, role, at=OPENED)
    browser = Client()
    for path in ("", "wwother/", "wwother/part/?step=callback"):
        assert browser.get(f"/admin/wecom/connect/{path}").status_code == 302
    browser.force_login(other)
    for path in ("", "wwother/", "wwother/part/?step=callback"):
        assert browser.get(f"/admin/wecom/connect/{path}").status_code == 403
    assert not Receiver.objects.exists()


def test_where_nobody_is_connected_the_admin_leads_there(page: Page) -> None:
    assert 'class="begin"' in page.browser.get("/admin/").text
    page.begin("wwffffffffffffffff")
    App.objects.create(corp=Corp.objects.get(), agent_id=1, secret="x" * 43)
    assert 'class="begin"' not in page.browser.get("/admin/").text


@pytest.mark.parametrize(
    ("url", "production", "good"),
    [
        ("https://qyapi.example.com", True, True),
        ("http://qyapi.example.com", True, False),
        ("http://127.0.0.1:8100", True, True),
        ("http://localhost:8100", True, True),
        ("http://localhost.example.com", True, False),
        ("http://wecom:8100", True, False),
        ("http://wecom:8100", False, True),
        ("ftp://x", False, False),
        ("", True, True),
    ],
)
def test_secrets_go_to_no_plain_address(settings: Any, url: str, production: bool, good: bool) -> None:
    settings.PRODUCTION = production
    if good:
        return corps.check_api_address(url)
    with pytest.raises(ValueError):
        corps.check_api_address(url)


def test_in_production_the_page_does_not_ask_for_an_address(page: Page, settings: Any) -> None:
    settings.PRODUCTION = True
    assert "api_base_url" not in page.browser.get("/admin/wecom/connect/").text


def test_keys_that_we_make_are_keys() -> None:
    for _ in range(50):
        assert Key.of(corps.new_token(), corps.new_aes_key())


# --- the conversation -------------------------------------------------------------------------------------------------


@pytest.fixture
def talk(hq: Person, console: Console, live_server: Any, settings: Any, monkeypatch: Any) -> Any:
    """`talk(answers)` leads the conversation; somebody in the console does what is waited for."""
    settings.BASE_URL = live_server.url

    waited: list[float] = []

    def waits(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) > 4:
            raise KeyboardInterrupt  # nobody comes
        receiver = Receiver.objects.get()
        if receiver.verified_at is None:
            console.save(receiver, live_server.url)
        else:
            console("events", customer=True, contact=True)
            console.somebody_adds()

    def lead(answers: dict[str, list[str]], *flags: str) -> str:
        out = StringIO()

        def answer(question: str) -> str:
            key = next(one for one in answers if one in question)
            return answers[key].pop(0)

        monkeypatch.setattr("builtins.input", answer)
        monkeypatch.setattr(connect_corp, "rest", waits)
        call_command("connect_corp", "--interactive", *flags, stdout=out)
        return out.getvalue()

    return lead


def test_a_conversation_that_is_broken_off_says_so(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(question: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", gone)
    with pytest.raises(CommandError, match="Broken off"):
        call_command("connect_corp", "--interactive", "--base-url=http://127.0.0.1:9", stdout=StringIO())


def test_the_conversation_leads_to_a_synced_corp(talk: Any, console: Console) -> None:
    console("ips", ips=["127.0.0.1"])
    console("visible", departments=[1])
    console("callable", on=True)
    answers = {
        "Corp id": ["not a corp!", console.corp_id],
        "企业名称": ["我的品牌"],
        "AgentId": ["x", console.app["agent_id"]],
        "Secret": [console.app["secret"]],
        "WW_verify": ["<no>", ""],
        "first sync": ["y"],
    }
    said = talk(answers)
    assert f"connected {console.corp_id}" in said and "可见范围" in said and console.app["secret"] not in said
    assert Store.objects.filter(name__startswith="我的品牌").count() == 2 and Sync.objects.get().cause == "connect"


def test_the_conversation_goes_on_where_it_was_broken_off(talk: Any, console: Console) -> None:
    console("ips", ips=["127.0.0.1"])
    answers = {"企业名称": ["我的品牌"], "Check again": ["n"] * 2, "WW_verify": [""], "first sync": ["n"]}
    app = [f"--agent-id={console.app['agent_id']}", f"--secret={console.app['secret']}"]
    said = talk(answers, f"--corp-id={console.corp_id}", *app)
    assert "看不到任何部门" in said and "可调用接口的应用" in said
    console("visible", departments=[1])
    console("callable", on=True)
    said = talk({"WW_verify": [""], "first sync": ["n"]}, f"--corp-id={console.corp_id}")
    assert "EncodingAESKey  " not in said and "个部门" in said


def test_without_flags_the_command_says_which_it_needs(db: None) -> None:
    with pytest.raises(CommandError, match="--aes-key.*--interactive"):
        call_command("connect_corp", "--corp-id=wwcorp000001")
