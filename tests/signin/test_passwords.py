"""Passwords: how often one may guess, whom that keeps out, and what anybody can learn from it (F64)."""

import re
import threading
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connections
from django.test import Client

from scrm.audit.models import Entry
from stores import attempts, tasks
from stores.models import Attempt, Person
from tests.cast import NOW, Cast

RIGHT = {"username": "ben", "password": "ben-opens-the-shop"}
WRONG = {**RIGHT, "password": "wrong"}
ADA = {"username": "ada", "password": "ada-opens-the-shop"}


def tries(how: dict[str, str], n: int, **more: Any) -> list[int]:
    return [Client().post("/login/", how, **more).status_code for _ in range(n)]


def test_five_wrong_ones_and_then_one_waits_and_is_told_how_long(cast: Cast) -> None:
    assert tries(WRONG, 7) == [200] * 5 + [429] * 2
    said = Client().post("/login/", RIGHT)
    assert said.status_code == 429 and 0 < int(said["Retry-After"]) <= 60
    assert "后再试" in said.content.decode()


def test_a_forged_address_gives_no_further_guess(cast: Cast) -> None:
    with time_machine.travel(NOW, tick=False):
        said = [Client().post("/login/", WRONG, headers={"X-Forwarded-For": f"9.9.9.{n}"}) for n in range(200)]
    assert [one.status_code for one in said] == [200] * 5 + [429] * 195


def test_behind_our_proxy_its_word_counts_and_nothing_left_of_it(cast: Cast, settings: Any) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    said = [Client().post("/login/", WRONG, headers={"X-Forwarded-For": f"9.9.9.{n}, 5.5.5.5"}) for n in range(20)]
    assert [one.status_code for one in said].count(200) == 5
    other = Client().post("/login/", RIGHT, headers={"X-Forwarded-For": "9.9.9.9, 6.6.6.6"})
    assert other.status_code == 302


def test_a_guesser_does_not_shut_out_the_shop_at_the_same_address(cast: Cast) -> None:
    for n in range(100):
        Client().post("/login/", {"username": f"guess{n}", "password": "x"})
    tries(WRONG, 10)
    assert tries(ADA, 20) == [302] * 20
    assert tries(RIGHT, 1, REMOTE_ADDR="8.8.8.8") == [302]


def test_a_list_of_names_meets_a_ceiling_that_known_devices_pass(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "AT_AN_ADDRESS", 50)
    known = Client()
    known.post("/login/", ADA)
    known.post("/logout/")
    for n in range(60):
        last = Client().post("/login/", {"username": f"guess{n}", "password": "x"})
    assert last.status_code == 429
    assert known.post("/login/", ADA).status_code == 302


def test_who_was_here_before_is_not_kept_out_by_guesses_from_elsewhere(cast: Cast) -> None:
    hers = Client()
    hers.post("/login/", RIGHT)
    hers.post("/logout/")
    for n in range(30):
        Client().post("/login/", WRONG, REMOTE_ADDR=f"9.9.9.{n}")
    assert tries(RIGHT, 1) == [429]
    assert hers.post("/login/", RIGHT).status_code == 302


def test_a_forged_device_is_none(cast: Cast) -> None:
    for n in range(8):
        browser = Client()
        browser.cookies["device"] = f"forged{n}"
        last = browser.post("/login/", WRONG)
    assert last.status_code == 429


def test_waits_grow_and_end(cast: Cast) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        waits = []
        for _ in range(12):
            said = Client().post("/login/", WRONG)
            if said.status_code == 429:
                waits.append(int(said["Retry-After"]))
                clock.shift(waits[-1])
        assert waits == [60, 120, 240, 480]
        assert tries(RIGHT, 1) == [302]


def test_coming_in_forgets_what_failed_here(cast: Cast) -> None:
    tries(WRONG, 4)
    assert tries(RIGHT, 1) == [302]
    assert tries(WRONG, 5) == [200] * 5


def test_a_name_that_nobody_bears_hears_the_same(cast: Cast) -> None:
    token, csrf = "/api/v1/token/", re.compile(rb'name="csrfmiddlewaretoken" value="\w+"')
    for n in range(6):
        both = [Client().post("/login/", {**WRONG, "username": name}) for name in ("ben", "eve0")]
        assert both[0].status_code == both[1].status_code == (429 if n == 5 else 200)
        bodies = {csrf.sub(b"", one.content).replace(b"ben", b"eve0") for one in both}
        assert len(bodies) == 1
    said = [Client().post(token, {**WRONG, "username": name}, "application/json") for name in ("ann", "nobody")]
    assert said[0].content == said[1].content


def test_a_name_costs_the_same_time_whoever_bears_it(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """One hash for each try: for a wrong password, a leaver, somebody without a password, and nobody."""
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda *how: hashed.append("x") or encode(*how))
    cast.dong.set_unusable_password()
    cast.dong.save()
    Person.objects.filter(pk=cast.gu.pk).update(is_active=False)
    costs = {}
    for name in ("ben", "gu", "dong", "nobody"):
        hashed.clear()
        Client().post("/login/", {**WRONG, "username": name})
        costs[name] = len(hashed)
    assert set(costs.values()) == {1}


def test_the_book_knows_who_was_meant_and_never_what_was_typed(cast: Cast) -> None:
    tries({"username": "ben", "password": "canary-password"}, 1)
    tries({"username": "canary-password", "password": "x"}, 1)
    entries = Entry.objects.filter(verb="person.sign_in_failed")
    assert [entry.subject_id for entry in entries] == [cast.ben.public_id]
    assert "canary" not in str(list(Entry.objects.values()))
    assert b"canary" not in b"".join(bytes(one.name) for one in Attempt.objects.all())


def test_yesterdays_failures_are_forgotten(cast: Cast) -> None:
    with time_machine.travel(NOW - timedelta(hours=25)):
        tries(WRONG, 5)
    with time_machine.travel(NOW):
        assert tries(RIGHT, 1) == [302]
        tasks.forget_old_doors()
    assert not Attempt.objects.exists()


def test_whom_the_admin_does_not_let_in_is_not_sent_around(cast: Cast) -> None:
    guide = Client()
    cai = {"username": "cai", "password": "cai-opens-the-shop"}
    assert guide.post("/admin/login/", {**cai, "next": "/admin/"})["Location"] == "/dashboard/"
    assert guide.get("/admin/", follow=True).status_code == 403


NAMES = ["ben\0", "\ud800", "本" * 64, "x" * 65, "", " ", "ben\r\nx", "' OR 1=1 --", "%", "BEN", "ｂｅｎ"]


@pytest.mark.parametrize("name", NAMES)
def test_no_name_breaks_the_door(cast: Cast, name: str) -> None:
    for password in ("x", "\0", "p" * 5000, "ben-opens-the-shop"):
        form = urlencode({"username": name.encode("utf-8", "surrogatepass"), "password": password})
        said = Client().post("/login/", form, content_type="application/x-www-form-urlencoded")
        # ｂｅｎ is ben: Django reads names in their plain form
        assert said.status_code in ({400} if "\0" in name + password else {200, 302})
    assert Client().post("/login/", RIGHT).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_thirty_at_once_are_no_more_than_five_guesses() -> None:
    Person.objects.create_user("ben", "ben-opens-the-shop")
    said: list[int] = []

    def guess() -> None:
        said.append(Client().post("/login/", WRONG).status_code)
        connections.close_all()

    threads = [threading.Thread(target=guess) for _ in range(30)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(said) == [200] * 5 + [429] * 25


@pytest.mark.parametrize("way_out", ["/logout/", "/admin/logout/"])
def test_who_signs_out_stands_in_the_book(cast: Cast, way_out: str) -> None:
    hers = Client()
    hers.post("/login/", RIGHT)
    assert hers.post(way_out)["Location"] == "/login/?out=1"
    hers.post(way_out)  # she is out already
    assert Entry.objects.filter(verb="person.signed_out").count() == 1
