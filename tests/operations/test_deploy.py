"""What deploy/ says is what runs: the units' own commands, production's settings, from a scan to the database."""

import http.client
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from scrm import sandbox
from scrm.embedded import postgres
from scrm.wecom import commit
from tests.chaos.house import until
from tests.operations import units
from tests.operations.units import ROOT, UNITS, Installation

pytestmark = [pytest.mark.network, pytest.mark.timeout(240), pytest.mark.xdist_group("deploy")]
SERVICES = sorted(path.stem for path in UNITS.glob("*.service"))


def query(house: Installation, words: str) -> list[Any]:
    with psycopg.connect(house.cluster.url(postgres.SUPERUSER, house.database)) as connection:
        return connection.execute(words).fetchall()  # type: ignore[call-overload,no-any-return]


def ask(house: Installation, path: str, *, port: int = 0, **headers: str) -> tuple[int, bytes]:
    """As the proxy passes a request on."""
    line = http.client.HTTPConnection("127.0.0.1", port or house.port, timeout=10)
    proxied = {"Host": "scrm.example.com", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    try:
        line.request("GET", path, headers={**proxied, **headers})
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


def a_guide(wecom: Any) -> str:
    """Somebody who serves customers."""
    return str(next(user["userid"] for user in wecom.do("GET", "world")["users"] if user["serves"]))


@pytest.fixture(scope="module")
def wecom(installed: Installation) -> Iterator[Any]:
    """A connected corp; everything that the units name runs."""
    with sandbox.running(seed=5, stores=2, callback_url=f"http://127.0.0.1:{installed.port}") as wx:
        installed.start("web", "door", "work", "celery", "scheduler")
        until(lambda: ask(installed, "/readyz")[0] == 200)
        keys = ["--corp-id", wx.corp_id, "--agent-id", str(wx.agent_id), "--secret", wx.secret]
        keys += ["--token", wx.token, "--aes-key", wx.aes_key, "--slug", wx.slug]
        installed.manage("connect_corp", *keys, "--api-base-url", wx.base_url)
        yield wx
        installed.stop()


def test_bootstrap_may_be_run_again_and_its_app_role_owns_nothing(installed: Installation) -> None:
    installed.bootstrap()
    roles = query(installed, "SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname LIKE 'shop_%'")
    assert sorted(roles) == [("shop_app", False), ("shop_owner", False)]
    assert query(installed, "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'") == [
        ("shop_owner",)
    ]
    assert query(installed, "SELECT datctype FROM pg_database WHERE datname = 'shop'") == [("C.UTF-8",)]


def test_a_scan_arrives_and_is_applied(installed: Installation, wecom: Any) -> None:
    mei = wecom.customer(name="梅")
    wecom.add(mei, a_guide(wecom))
    until(lambda: query(installed, "SELECT state FROM wecom_letter WHERE change_type = 'add_external_contact'"))
    until(lambda: query(installed, "SELECT 1 FROM guides_relation WHERE state = 'live'"))
    assert query(installed, "SELECT count(*) FROM wecom_letter WHERE state = 'parked'") == [(0,)]


def test_the_door_of_its_own_takes_letters_too(installed: Installation, wecom: Any) -> None:
    wecom.listen(f"http://127.0.0.1:{installed.door}/wecom/callback/{wecom.slug}/")
    before = query(installed, "SELECT count(*) FROM wecom_letter")[0][0]
    wecom.add(wecom.customer(name="兰"), a_guide(wecom))
    until(lambda: query(installed, "SELECT count(*) FROM wecom_letter")[0][0] > before)
    wecom.listen(f"http://127.0.0.1:{installed.port}/wecom/callback/{wecom.slug}/")


def test_the_scheduler_rings_and_celery_works(installed: Installation, wecom: Any) -> None:
    until(lambda: query(installed, "SELECT 1 FROM dashboard_fill WHERE filled_at IS NOT NULL"), seconds=90)


def test_the_worker_says_that_it_lives(installed: Installation, wecom: Any) -> None:
    until(lambda: query(installed, "SELECT 1 FROM audit_heartbeat WHERE name = 'work'"))


def test_pages_have_their_style(installed: Installation, wecom: Any) -> None:
    status, page = ask(installed, "/login/")
    assert status == 200
    sheets = re.findall(r'href="(/static/[^"]+\.[0-9a-f]{12}\.css)"', page.decode())
    assert sheets
    for sheet in sheets:
        assert ask(installed, sheet)[0] == 200


def test_plain_http_is_sent_to_https_and_numbers_are_shown_inside_only(installed: Installation, wecom: Any) -> None:
    assert ask(installed, "/login/", **{"X-Forwarded-Proto": "http"})[0] == 301
    assert ask(installed, "/metrics")[0] == 403
    assert ask(installed, "/wecom/callback/nobody/")[0] == 404
    line = http.client.HTTPConnection("127.0.0.1", installed.port, timeout=10)
    line.request("GET", "/metrics", headers={"Host": "scrm.example.com"})
    answer = line.getresponse()
    assert (answer.status, b'page="callback"' in answer.read()) == (200, True)
    line.close()


def test_a_stopped_web_finishes_what_it_began_and_loses_no_letter(installed: Installation, wecom: Any) -> None:
    statuses: list[int] = []
    enough = threading.Event()

    def visit() -> None:
        while not enough.is_set():
            try:
                statuses.append(ask(installed, "/readyz")[0])
            except ConnectionRefusedError:
                enough.wait(0.05)  # nobody listens between two lives: the proxy asks another machine

    visitors = [threading.Thread(target=visit) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    until(lambda: len(statuses) > 20)
    installed.running["web"].ask_to_end()
    until(installed.running["web"].has_ended, seconds=30)
    installed.start("web")
    until(lambda: ask(installed, "/readyz")[0] == 200)
    enough.set()
    for visitor in visitors:
        visitor.join()
    assert set(statuses) == {200}


def test_a_stopped_worker_ends_in_order_and_is_not_missed(installed: Installation, wecom: Any) -> None:
    worker = installed.running["work"]
    worker.ask_to_end()
    until(worker.has_ended, seconds=30)
    assert worker.code() == 0
    assert not query(installed, "SELECT 1 FROM audit_heartbeat WHERE name = 'work'")
    assert not query(installed, "SELECT 1 FROM wecom_outboundcall WHERE state = 'calling'")
    installed.start("work")


def test_logs_are_json_and_hold_no_secret(installed: Installation, wecom: Any) -> None:
    said = "".join((installed.folder / f"{unit}.log").read_text() for unit in installed.running)
    assert wecom.secret not in said
    assert wecom.token not in said
    assert '"event": "work.started"' in said


@pytest.mark.parametrize("unit", SERVICES)
def test_a_unit_names_files_that_are_there_and_gives_up_what_it_does_not_need(unit: str) -> None:
    command = units.words(unit)
    assert Path(command[0]).exists()
    assert units.lines(unit, "NoNewPrivileges") == ["yes"]
    assert units.lines(unit, "UMask") == ["0077"]
    if unit.endswith(("web", "door", "work", "celery", "scheduler")):
        assert units.lines(unit, "Restart") == ["always"]
        assert units.lines(unit, "ProtectSystem") == ["strict"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_understands_the_units() -> None:
    files = [str(path) for path in UNITS.iterdir()]
    said = subprocess.run(["systemd-analyze", "verify", *files], capture_output=True, text=True, timeout=60).stderr
    assert [line for line in said.splitlines() if "zhanggui" in line and "is not executable" not in line] == []


def test_compose_runs_the_same_commands_as_the_units() -> None:
    services = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]
    for unit in ("web", "door", "work", "celery", "scheduler"):
        (said,) = units.lines(f"zhanggui-{unit}", "ExecStart")
        wanted = said.removeprefix("/opt/zhanggui/.venv/bin/").replace("--host 127.0.0.1", "--host 0.0.0.0")
        assert services[unit]["command"] == wanted
        assert "healthcheck" in services[unit]
    assert services["scheduler"]["deploy"]["replicas"] == 1


def test_the_proxies_close_the_numbers_and_lead_letters_to_the_door() -> None:
    for name in ("Caddyfile", "nginx.conf"):
        said = (ROOT / "deploy/proxy" / name).read_text()
        assert all(word in said for word in ("/metrics", "/wecom/callback/", "64"))


def test_every_setting_of_the_example_is_one_that_is_read() -> None:
    known = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))
    said = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / "deploy/zhanggui.env.example").read_text(), re.M))
    assert said
    assert {name.removesuffix("_FILE") for name in said} - known == {"PROMETHEUS_MULTIPROC_DIR"} & said


def test_the_door_finds_its_password_where_the_pages_do(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"NAME": "zhanggui", "HOST": "db", "OPTIONS": {"passfile": "/run/secrets/pgpass", "sslmode": "require"}}
    monkeypatch.setattr(commit.connections["default"], "settings_dict", said)
    found = commit.address()
    assert (found["passfile"], found["sslmode"], found["host"]) == ("/run/secrets/pgpass", "require", "db")


def test_an_image_holds_what_runs_and_not_what_tests() -> None:
    sys.path.insert(0, str(ROOT / "deploy"))
    try:
        from runtime_lock import chosen
    finally:
        sys.path.pop(0)
    lock = (
        "# by make lock\ndjango==5.2 \\\n    --hash=sha256:aa\n    # via zhanggui\npytest==9 \\\n    --hash=sha256:bb\n"
    )
    assert chosen("Django==5.2\n", lock) == "django==5.2 \\\n    --hash=sha256:aa\n"
