"""Doors for load balancers and for whoever watches."""

from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db import OperationalError

from scrm import clock, health
from scrm.audit import alarms
from scrm.wecom.models import Letter

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(cast: Any) -> None:
    """One letter that has been waiting for ninety seconds, and one that was parked."""
    long_ago = clock.now() - timedelta(seconds=90)
    when = {"due_at": long_ago, "happened_at": long_ago, "received_at": long_ago}
    said = {"receiver": cast.receiver, "corp": cast.corp, "body": b"", "stream": "s", "shard": 1, "event": "e", **when}
    Letter.objects.bulk_create(
        Letter(**said, digest=bytes([n]) * 32, state=state) for n, state in enumerate(["waiting", "parked", "applied"])
    )


def test_a_living_process_is_healthy_and_asks_nobody(client: Any, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert client.get("/healthz").status_code == 200


def test_an_empty_house_is_ready(client: Any) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {
            **{"ready": True, "database": "up", "schema": "up", "broker": "none"},
            **{"inbox_depth": 0, "oldest_waiting_seconds": 0.0},
        },
    )


def test_it_tells_how_many_letters_wait_and_for_how_long(client: Any, waiting: None) -> None:
    said = client.get("/readyz").json()
    assert said["inbox_depth"] == 1
    assert 90 <= said["oldest_waiting_seconds"] < 120


def test_a_migration_that_was_not_applied_is_503(client: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(health, "_migrations", lambda: frozenset({("stores", "9999_tomorrow")}))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["schema"]) == (503, "1 migrations to apply")


def test_a_database_that_is_away_is_503(client: Any, monkeypatch: Any) -> None:
    def away() -> None:
        raise OperationalError("host 10.0.0.1")

    monkeypatch.setattr(health, "unapplied", away)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "down")
    assert b"10.0.0.1" not in answer.content


def test_a_broker_that_is_away_is_said_and_delays_nobody(client: Any, settings: Any) -> None:
    settings.BROKER_URL = "redis://user:word@127.0.0.1:1/0"
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["broker"]) == (200, "down")
    assert b"word" not in answer.content


def test_a_broker_that_answers_is_up(settings: Any, monkeypatch: Any) -> None:
    settings.BROKER_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(redis.Redis, "ping", lambda self: True)
    assert health.broker_state() == "up"


def test_metrics_are_what_the_rows_say(client: Any, waiting: None) -> None:
    alarms.sound("code_refused", "c_1", at=clock.now())
    lines = set(client.get("/metrics").content.decode().splitlines())
    assert {'zhanggui_letters{state="waiting"} 1.0', 'zhanggui_letters{state="parked"} 1.0'} <= lines
    assert 'zhanggui_alarms_open{kind="code_refused"} 1.0' in lines
    assert "zhanggui_facts_age_seconds NaN" in lines


def test_wecom_finds_the_proof_of_our_domain_and_nobody_another(client: Any, settings: Any) -> None:
    settings.WECOM_VERIFY_FILES = ["aBc123"]
    answer = client.get("/WW_verify_aBc123.txt")
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, b"aBc123", "text/plain")
    assert client.get("/WW_verify_other.txt").status_code == 404


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/WW_verify_aBc123.txt"])
def test_these_doors_are_for_reading(client: Any, path: str) -> None:
    assert client.post(path).status_code == 405
