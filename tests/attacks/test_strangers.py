"""Somebody on the internet, posing as WeCom or as one of us."""

import asyncio
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management.utils import get_random_secret_key
from django.test import Client

from scrm import clock
from scrm.wecom import front, pictures
from scrm.wecom.models import Receiver
from stores.models import ApiToken
from tests.cast import Cast
from tests.corpus.callback_seal import Sender, added
from tests.wecom.conftest import receiver, sender  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]
WRONG = {"username": "ben", "password": "wrong"}
RIGHT = {"username": "ben", "password": "ben-opens-the-shop"}


def test_a_letter_is_not_read_out_as_an_echo(receiver: Receiver, sender: Sender, client: Client) -> None:  # noqa: F811
    sealed = sender.seal(added(state="till"))
    said = client.get(f"/wecom/callback/acme/?{sender.query(sealed, echostr=sealed.decode())}")
    assert (said.status_code, said.content) == (400, b"malformed")


def test_a_crowd_of_strangers_looks_the_addresses_up_once() -> None:
    asked: list[str] = []

    async def read(query: str) -> list[Any]:
        asked.append(query)
        await asyncio.sleep(0)
        return []

    async def crowd() -> list[Any]:
        door = front.AsgiDoor()
        door.group.read = read  # type: ignore[method-assign]
        return await asyncio.gather(*(door.find(f"nobody{n}") for n in range(200)), return_exceptions=True)

    said = asyncio.run(crowd())
    assert {type(one) for one in said} == {front.door.NoSuchReceiver}
    assert len(asked) == 1


@pytest.mark.parametrize("address", ["/login/", "/admin/login/"])
def test_guessing_at_a_sign_in_page_is_stopped(cast: Cast, address: str) -> None:
    assert [Client().post(address, WRONG).status_code for _ in range(6)] == [200] * 5 + [429]
    late, elsewhere = Client(), Client()
    late.post(address, RIGHT)
    elsewhere.post(address, {"username": "ada", "password": "ada-opens-the-shop"}, REMOTE_ADDR="8.8.8.8")
    assert "_auth_user_id" not in late.session
    assert "_auth_user_id" in elsewhere.session


def test_spaces_around_a_name_give_no_more_guesses(cast: Cast) -> None:
    for n in range(6):
        wrong = {**WRONG, "username": " " * n + "ben"}
        said = Client().post("/api/v1/token/", wrong, "application/json")
    assert said.status_code == 429


def test_a_new_password_ends_the_tokens_of_the_old_one(cast: Cast) -> None:
    tokens = {name: ApiToken.issue(getattr(cast, name), at=clock.now()) for name in ("ben", "ada")}
    cast.ben.set_password("another-way-into-the-shop")
    cast.ben.save()
    said = {name: Client().get("/api/v1/me/", HTTP_AUTHORIZATION=f"Token {token}") for name, token in tokens.items()}
    assert {name: answer.status_code for name, answer in said.items()} == {"ben": 401, "ada": 200}


def test_what_somebody_searched_for_is_not_logged(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = Client()
    client.force_login(cast.ben)
    for path in ("/codes/", "/admin/members/member/", "/nowhere/"):
        client.get(path, {"q": "13800138000"})
    assert "/admin/members/member/" in caplog.text
    assert "13800138000" not in caplog.text


ELSEWHERE = ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "\t//evil.example"]


@pytest.mark.parametrize("next_", ELSEWHERE)
def test_signing_in_leads_nowhere_else(cast: Cast, next_: str) -> None:
    client = Client()
    assert client.post("/login/", {**RIGHT, "next": next_})["Location"] == "/dashboard/"
    assert client.get("/login/", {"next": next_})["Location"] == "/dashboard/"
    assert "evil" not in client.post("/i18n/setlang/", {"language": "en", "next": next_})["Location"]


def test_signing_in_begins_a_new_session(cast: Cast) -> None:
    client = Client()
    session = client.session
    session["seed"] = 1
    session.save()
    client.post("/login/", RIGHT)
    assert client.session["_auth_user_id"] and client.session.session_key != session.session_key


@pytest.mark.parametrize("path", ["/login/", "/logout/", "/i18n/setlang/", "/codes/new/", "/codes/unplaced/"])
def test_every_form_wants_its_csrf_token(cast: Cast, path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.ada)
    for address in (path, "/admin/login/", "/admin/guides/code/", "/api/v1/codes/"):
        assert client.post(address, {}).status_code == 403


def test_production_fetches_no_picture_inside_our_own_network(settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(pictures.NotAPicture, match="not https"):
        pictures.fetch("http://169.254.169.254/latest/meta-data/")


UNSAFE = [
    ("SECRET_KEY", "a" * 60),
    ("SECRET_KEY", "django-insecure-" + "zyxwvutsrqponmlkjihgfedcba" * 2),
    ("FIELD_KEYS", "a" * 60),
    ("BASE_URL", "http://scrm.example.com"),
    ("TRUSTED_PROXIES", "-1"),
]


@pytest.mark.parametrize(("name", "value"), UNSAFE)
def test_production_does_not_start_with_what_can_be_guessed(name: str, value: str) -> None:
    good = {"SECRET_KEY": get_random_secret_key() * 2, "FIELD_KEYS": get_random_secret_key().replace(",", "x")}
    good |= {"ALLOWED_HOSTS": "scrm.example.com", "DATABASE_URL": "postgresql://app@db/x", "BROKER_URL": "redis://db"}
    env = {"PATH": os.environ["PATH"], "PROFILE": "production", **good, name: value}
    words = [sys.executable, "-c", "import scrm.settings"]
    said = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    assert said.returncode == 1 and name in said.stderr.splitlines()[-1]


ASKED = ["/codes/?q=", "/codes/?store=", "/codes/new/?store=", "/codes/sheet/?code=", "/admin/guides/code/?q="]
ASKED += ["/api/v1/codes/?name=", "/admin/autocomplete/?app_label=guides&model_name=guide&field_name=person&term="]


@pytest.mark.parametrize("address", ASKED)
def test_a_nul_in_a_query_is_refused(cast: Cast, address: str) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(cast.ben)
    assert client.get(f"{address}%00").status_code == 400
