"""The page on how the house is, and the numbers that are watched from outside."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from scrm import clock, health
from scrm.audit import heartbeats, kinds
from scrm.dashboard import contacts
from scrm.keeping import purges
from scrm.wecom.models import Corp, OutboundCall
from tests.cast import MEI, NOW, Cast

pytestmark = pytest.mark.django_db
TOKEN = "a-token-of-more-than-twenty-characters"


def page(who: Any) -> Any:
    client = Client()
    client.force_login(who)
    return client.get("/admin/state/")


def test_hq_sees_who_runs_what_customers_cost_and_what_is_kept(cast: Cast) -> None:
    heartbeats.beat("work", at=clock.now(), host="shop-server-1")
    cast.add(MEI, "cai")
    Corp.objects.update(contacts_included=0, contact_price_fen=12_300)
    contacts.count(at=NOW)
    purges.run(NOW)
    said = page(cast.ada).content.decode()
    assert all(word in said for word in ("shop-server-1", '<td class="n">123</td>', "回调原文", "运行状态"))


def test_an_empty_house_says_what_to_start(cast: Cast) -> None:
    assert "manage.py work" in page(cast.ada).content.decode()


def test_who_may_not_see_letters_may_not_see_it(cast: Cast) -> None:
    assert page(cast.ben).status_code == 403
    assert page(cast.eve).status_code == 302


def metrics(client: Client, **headers: str) -> dict[str, str]:
    lines = client.get("/metrics", **headers).content.decode().splitlines()  # type: ignore[arg-type]
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def test_the_numbers_of_the_last_minutes(cast: Cast, client: Client) -> None:
    at = clock.now()
    said = {"corp": cast.corp, "body": b"", "due_at": at, "created_at": at, "answered_at": at, "errcode": 0}
    OutboundCall.objects.create(api="externalcontact/send_welcome_msg", state="done", **said)
    OutboundCall.objects.create(api="externalcontact/remark", state="failed", **{**said, "errcode": 84061})
    heartbeats.beat("work", at=at, host="h1")
    found = metrics(client)
    assert found['zhanggui_calls_recent{api="externalcontact/remark",errcode="84061",state="failed"}'] == "1.0"
    assert found['zhanggui_welcome_delay_seconds{quantile="0.99"}'] == "0.0"
    assert float(found['zhanggui_heartbeat_age_seconds{host="h1",name="work"}']) < 10


def test_every_alarm_is_documented() -> None:
    written = (Path(__file__).parents[2] / "docs/operations.md").read_text("utf-8")
    assert {kind for kind in kinds.ALARMS if f"`{kind}`" not in written} == set()


def test_every_metric_is_documented(cast: Cast, client: Client) -> None:
    heartbeats.beat("work", at=clock.now())
    written = (Path(__file__).parents[2] / "docs/operations.md").read_text("utf-8")
    names = {
        line.split()[2] for line in client.get("/metrics").content.decode().splitlines() if line.startswith("# TYPE")
    }
    assert {name for name in names if f"`{name}" not in written} == set()


@pytest.mark.parametrize(
    ("where", "status"),
    [
        ({"REMOTE_ADDR": "10.1.2.3"}, 200),
        ({"REMOTE_ADDR": "8.8.8.8"}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "8.8.8.8"}, 403),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "10.0.0.1"}, 403),
    ],
)
def test_production_shows_its_numbers_inside_only(client: Client, settings: Any, where: Any, status: int) -> None:
    settings.PRODUCTION = True
    assert client.get("/metrics", **where).status_code == status


@pytest.mark.parametrize(("shown", "status"), [(f"Bearer {TOKEN}", 200), ("Bearer é", 403), ("", 403), (TOKEN, 403)])
def test_with_a_token_only_who_shows_it_may_read(client: Client, settings: Any, shown: str, status: int) -> None:
    settings.METRICS_TOKEN = TOKEN
    assert client.get("/metrics", headers={"Authorization": shown}).status_code == status


def test_a_database_that_became_unsafe_is_not_ready(client: Client, settings: Any, monkeypatch: Any) -> None:
    settings.PRODUCTION = True
    health.footing.stands.cache_clear()
    monkeypatch.setattr(health.footing, "problems", lambda: ["fsync is off"])
    monkeypatch.setattr(health.footing.connection, "close", lambda: None)
    answer = client.get("/readyz")
    health.footing.stands.cache_clear()
    assert (answer.status_code, answer.json()["database"]) == (503, "unsafe: the log says why")


MEASURED = """
import django; django.setup()
from scrm import timings
from prometheus_client import CollectorRegistry, generate_latest
timings.observe("home", "GET", 200, 0.2); timings.observe("home", "BREW", 418, 0.2)
registry = CollectorRegistry()
for one in timings.collectors(): registry.register(one)
print(generate_latest(registry).decode())
"""


def test_durations_are_those_of_all_processes_of_a_machine(tmp_path: Path) -> None:
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "scrm.settings"}
    said = [
        subprocess.run([sys.executable, "-c", MEASURED], env=env, capture_output=True, text=True, check=True).stdout
        for _process in range(2)
    ]
    assert 'zhanggui_request_seconds_count{method="GET",page="home",status="2xx"} 2.0' in said[1]
    assert 'method="other"' in said[1]
