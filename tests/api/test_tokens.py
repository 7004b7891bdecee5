"""Signing in: a token for a name and a password, and nothing to learn from a refusal."""

from typing import Any

import pytest
import time_machine

from scrm.rest import problems
from stores.models import ApiToken
from tests.api.conftest import Caller
from tests.cast import NOW, Cast

URL = "/api/v1/token/"


def ask(api: Any, username: str = "ben", password: str = "ben-opens-the-shop") -> Any:
    return api.post(URL, {"username": username, "password": password})


def test_a_password_gives_a_token_that_opens_the_api(cast: Cast, calling: Caller) -> None:
    answer = ask(calling())
    assert (answer.status_code, set(answer.json())) == (200, {"token"})
    api = calling()
    api.credentials(HTTP_AUTHORIZATION=f"Token {answer.json()['token']}")
    assert api.get("/api/v1/me/").json()["person"]["username"] == "ben"


def test_only_the_fingerprint_of_a_token_is_kept(cast: Cast, calling: Caller) -> None:
    token = ask(calling()).json()["token"]
    assert list(ApiToken.objects.values_list("digest", flat=True)) == [ApiToken.fingerprint(token)]
    assert token not in ApiToken.objects.get().digest


def test_all_refusals_are_the_same_bytes(cast: Cast, calling: Caller) -> None:
    cast.ben.is_active = False
    cast.ben.save()
    said = [ask(calling()), ask(calling(), "nobody"), ask(calling(), "ada", "wrong")]
    assert {answer.status_code for answer in said} == {401}
    assert len({answer.content for answer in said}) == 1
    assert said[0]["Content-Type"] == problems.MEDIA_TYPE


@pytest.mark.parametrize(
    "header", ["Token", "Token a b", "Token nope", "Token 密", "Token \x00", "Token " + "x" * 5000]
)
def test_a_token_that_is_none_is_refused(cast: Cast, calling: Caller, header: str) -> None:
    api = calling()
    answer = api.get("/api/v1/me/", HTTP_AUTHORIZATION=header.encode("utf-8").decode("latin-1"))
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Token")


def test_a_leavers_token_opens_nothing_at_once(cast: Cast, calling: Caller) -> None:
    api = calling(cast.ben)
    assert api.get("/api/v1/me/").status_code == 200
    cast.ben.is_active = False
    cast.ben.save()
    assert api.get("/api/v1/me/").status_code == 401


def test_guessing_is_stopped_wherever_it_says_it_comes_from(cast: Cast, calling: Caller) -> None:
    api = calling()
    wrong = {"username": "ben", "password": "wrong"}
    with time_machine.travel(NOW, tick=False):
        said = [api.post(URL, wrong, HTTP_X_FORWARDED_FOR=f"9.9.9.{n}") for n in range(200)]
    assert [answer.status_code for answer in said] == [401] * 5 + [429] * 195
    assert 0 < int(said[-1]["Retry-After"]) <= 60
    assert said[-1].json()["type"] == "urn:zhanggui:problem:throttled"
    assert ask(api, "ada", "ada-opens-the-shop").status_code == 200


def test_a_name_that_many_addresses_guess_is_shut_and_others_go_on(cast: Cast, calling: Caller) -> None:
    for n in range(20):
        calling().post(URL, {"username": "BEN", "password": "x"}, REMOTE_ADDR=f"9.9.9.{n}")
    assert calling().post(URL, {"username": "ben", "password": "x"}, REMOTE_ADDR="8.8.8.8").status_code == 429
    assert ask(calling(), "ada", "ada-opens-the-shop").status_code == 200


def test_signing_in_rightly_is_never_throttled(cast: Cast, calling: Caller) -> None:
    assert {ask(calling()).status_code for _ in range(40)} == {200}


@pytest.mark.parametrize("body", [{}, {"username": "ben"}, {"username": ["ben"], "password": {}}, [], "ben", None])
def test_a_body_that_names_nobody_says_what_is_missing(cast: Cast, calling: Caller, body: Any) -> None:
    answer = calling().post(URL, body)
    assert (answer.status_code, "errors" in answer.json()) == (400, True)


def test_me_tells_seats_with_their_places_and_what_they_allow(cast: Cast, calling: Caller) -> None:
    said = calling(cast.ben).get("/api/v1/me/").json()
    assert said["person"] == {"id": cast.ben.public_id, "username": "ben", "name": "Ben"}
    seats = {(seat["role"], seat["node"], seat["node_kind"], seat["node_name"]) for seat in said["seats"]}
    assert ("store_manager", cast.nanjing_road.public_id, "store", "南京路店") in seats
    assert "manage_codes" in said["permissions"]


def test_a_seat_at_hq_stands_at_the_brand(cast: Cast, calling: Caller) -> None:
    seat = calling(cast.ada).get("/api/v1/me/").json()["seats"][0]
    assert (seat["node"], seat["node_kind"]) == (cast.brand.public_id, "brand")


def test_eve_is_known_and_may_nothing(cast: Cast, calling: Caller) -> None:
    said = calling(cast.eve).get("/api/v1/me/").json()
    assert (said["seats"], said["permissions"]) == ([], [])
