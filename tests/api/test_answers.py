"""Idempotency-Key: told twice, done once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import time_machine
from django.db import connection

from guides.models import Code
from scrm import clock
from scrm.rest import answers
from scrm.rest.models import KeptAnswer
from tests.api.conftest import Caller
from tests.api.test_problems import is_problem
from tests.cast import Cast

URL = "/api/v1/codes/"
Ask = Callable[..., Any]


@pytest.fixture
def ask(cast: Cast, calling: Caller) -> Ask:
    api = calling(cast.ben)

    def asked(key: str = "k-1", name: str = "till", api: Any = api) -> Any:
        wish = {"store": cast.nanjing_road.public_id, "kind": "store", "name": name}
        return api.post(URL, wish, headers={"Idempotency-Key": key})

    return asked


def test_the_same_request_is_answered_again_and_done_once(ask: Ask) -> None:
    first, again = ask(), ask()
    assert (first.status_code, again.status_code) == (201, 201)
    assert (first.content, "Idempotency-Replayed" in first) == (again.content, False)
    assert again["Idempotency-Replayed"] == "true"
    assert Code.objects.count() == 1


def test_another_body_with_the_same_key_is_refused(ask: Ask) -> None:
    ask()
    is_problem(ask(name="window"), 422)
    assert Code.objects.count() == 1


def test_another_method_or_path_with_the_same_key_is_refused(ask: Ask, cast: Cast, calling: Caller) -> None:
    id = ask().json()["id"]
    answer = calling(cast.ben).delete(f"{URL}{id}/", headers={"Idempotency-Key": "k-1"})
    is_problem(answer, 422)


def test_keys_belong_to_persons(ask: Ask, cast: Cast, calling: Caller) -> None:
    ask()
    assert "Idempotency-Replayed" not in ask(api=calling(cast.ada))
    assert Code.objects.count() == 2


def test_the_order_of_a_bodys_fields_means_nothing(ask: Ask, cast: Cast, calling: Caller) -> None:
    ask()
    wish = {"name": "till", "kind": "store", "store": cast.nanjing_road.public_id}
    assert calling(cast.ben).post(URL, wish, headers={"Idempotency-Key": "k-1"})["Idempotency-Replayed"] == "true"


def test_a_refused_write_keeps_nothing_so_that_it_may_be_corrected(ask: Ask) -> None:
    is_problem(ask(name=""), 400)
    assert ask().status_code == 201


def test_a_write_that_broke_is_done_by_the_next_try(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(answers, "_keep", lambda *_: 1 / 0)
        is_problem(ask(), 500)
    assert Code.objects.count() == 0
    assert "Idempotency-Replayed" not in ask()


def test_a_deletion_is_answered_again(ask: Ask, cast: Cast, calling: Caller) -> None:
    where = f"{URL}{ask().json()['id']}/"
    said = [calling(cast.ben).delete(where, headers={"Idempotency-Key": "bye"}) for _ in range(2)]
    assert [(answer.status_code, answer.content) for answer in said] == [(204, b"")] * 2


def test_after_a_day_the_key_is_free_and_the_answer_swept(ask: Ask) -> None:
    ask()
    with time_machine.travel(clock.now() + timedelta(hours=24, seconds=1), tick=False):
        assert "Idempotency-Replayed" not in ask()
    assert (Code.objects.count(), KeptAnswer.objects.count()) == (2, 1)


@pytest.mark.parametrize("key", ["", "k" * 201, "a\tb", "ключ".encode().decode("latin-1")])
def test_a_key_is_a_short_printable_word(ask: Ask, key: str) -> None:
    is_problem(ask(key=key), 400)


def test_what_is_kept_is_sealed(ask: Ask) -> None:
    ask(name="till-of-the-cast")
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM rest_keptanswer")
        assert b"till-of-the-cast" not in bytes(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_who_comes_while_the_first_is_answered_waits(ask: Ask, cast: Cast, database_urls: dict[str, str]) -> None:
    number = answers.number_of(cast.ben, "k-1")
    with psycopg.connect(database_urls["DATABASE_URL"]) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [number])
        assert is_problem(ask(), 409)["type"] == "urn:zhanggui:problem:in-flight"
    assert ask().status_code == 201
