"""Whatever goes wrong is said as application/problem+json, and says nothing that should not be known."""

import json
from typing import Any

import pytest

from scrm.rest import problems
from tests.api.conftest import Caller
from tests.cast import Cast

CODES = "/api/v1/codes/"
DEEP = b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def is_problem(answer: Any, status: int) -> dict[str, Any]:
    """The document, after a look at what every one of them has."""
    assert (answer.status_code, answer["Content-Type"]) == (status, problems.MEDIA_TYPE), answer.content[:200]
    said: dict[str, Any] = answer.json()
    assert said["status"] == status
    assert said["type"].startswith("urn:zhanggui:problem:")
    assert said["title"] and said["detail"]
    return said


def test_nobody_hears_how_to_sign_in(cast: Cast, calling: Caller) -> None:
    answer = calling().get(CODES)
    assert is_problem(answer, 401)["instance"] == CODES
    assert answer["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize("path", ["/api/", "/api/v2/", "/api/v1/", "/api/v1/nothing/", "/api/v1/codes/../../x"])
def test_an_unknown_path_is_a_problem_that_names_no_instance(cast: Cast, calling: Caller, path: str) -> None:
    assert "instance" not in is_problem(calling(cast.ada).get(path), 404)


@pytest.mark.parametrize("id", ["%00", "a" * 25, "A", "'", "%F0%9F%98%80", "c_%0a", "..", "c_x.json"])
def test_an_id_that_cannot_be_is_unknown(cast: Cast, calling: Caller, id: str) -> None:
    is_problem(calling(cast.ada).get(f"{CODES}{id}/"), 404)


def test_what_a_door_does_not_do_is_405_for_all_who_signed_in(cast: Cast, calling: Caller) -> None:
    for person in (cast.ada, cast.eve):
        answer = calling(person).post("/api/v1/stores/", {})
        assert is_problem(answer, 405) and "GET" in answer["Allow"]


def test_json_is_what_we_speak(cast: Cast, calling: Caller) -> None:
    api = calling(cast.ada)
    is_problem(api.post(CODES, b"<a/>", content_type="application/xml"), 415)
    is_problem(api.get(CODES, headers={"Accept": "text/csv"}), 406)


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"a": NaN}', b"", DEEP, b"9" * 5000], ids=repr)
def test_a_body_that_is_no_json_is_said_to_be_none(cast: Cast, calling: Caller, body: bytes) -> None:
    is_problem(calling(cast.ada).post(CODES, body, content_type="application/json"), 400)


def test_a_body_that_is_too_large_is_not_read(cast: Cast, calling: Caller, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    is_problem(calling(cast.ada).post(CODES, {"name": "n" * 200}), 413)


@pytest.mark.parametrize("name", ["\x00", "\ud800", "n" * 61, "", None, [], {"$ne": 1}, 10**400])
def test_a_field_that_cannot_be_is_named(cast: Cast, calling: Caller, name: Any) -> None:
    wish = {"store": cast.nanjing_road.public_id, "kind": "store", "name": name}
    said = is_problem(calling(cast.ada).post(CODES, json.dumps(wish), content_type="application/json"), 400)
    assert "name" in said.get("errors", {"name": name == 10**400})


def test_what_nobody_foresaw_shows_no_traceback(cast: Cast, calling: Caller, monkeypatch: Any) -> None:
    def breaks(*_: Any, **__: Any) -> None:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr("guides.api.Codes.get_queryset", breaks)
    answer = calling(cast.ada).get(CODES)
    is_problem(answer, 500)
    assert b"secret" not in answer.content and b"Traceback" not in answer.content


def test_a_database_that_is_away_is_503(cast: Cast, calling: Caller, monkeypatch: Any) -> None:
    from django.db import OperationalError

    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("connection to server at 10.0.0.1 failed")

    monkeypatch.setattr("guides.api.Codes.get_queryset", away)
    answer = calling(cast.ada).get(CODES)
    assert "10.0.0.1" not in is_problem(answer, 503)["detail"]
    assert answer["Retry-After"] == "5"


def test_a_host_that_is_not_ours_is_a_problem_too(cast: Cast, calling: Caller, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["scrm.example.com"]
    is_problem(calling(cast.ada).get(CODES, headers={"Host": "evil.example.com"}), 400)


def test_pages_keep_pages_for_their_errors(client: Any, db: None) -> None:
    assert client.get("/no/such/page/")["Content-Type"].startswith("text/html")


def test_a_session_opens_the_api_and_its_writes_need_the_csrf_token(cast: Cast) -> None:
    from rest_framework.test import APIClient

    api = APIClient(enforce_csrf_checks=True)
    api.force_login(cast.ben)
    assert api.get(CODES).status_code == 200
    is_problem(api.post(CODES, {}, format="json"), 403)
