"""The API's doors of consents and requests, for every kind of viewer."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from members import consents
from members.models import Consent, DataRequest
from tests.cast import LAN, MEI, NOW, Cast, after

pytestmark = pytest.mark.django_db


def door(who: Any) -> APIClient:
    client = APIClient()
    client.force_authenticate(who)
    return client


def given(cast: Cast) -> str:
    cast.add(MEI, "cai")
    consents.give(cast.member(MEI), ["service"], terms="v1", at=NOW, source="form", evidence="secret proof")
    return cast.member(MEI).public_id


VIEWERS = {"ada": 1, "otto": 1, "ann": 1, "rita": 1, "ben": 1, "cai": 1, "dong": 0, "fang": 0, "gu": 0}


@pytest.mark.parametrize(("who", "rows"), VIEWERS.items())
def test_words_are_shown_to_who_sees_the_customer(cast: Cast, who: str, rows: int) -> None:
    given(cast)
    answer = door(getattr(cast, who)).get("/api/v1/consents/")
    assert len(answer.json()["results"]) == rows and "secret proof" not in answer.content.decode()


@pytest.mark.parametrize("who", ["ivy", "eve"])
def test_others_get_no_words(cast: Cast, who: str) -> None:
    assert door(getattr(cast, who)).get("/api/v1/consents/").status_code == 403


def test_another_system_writes_a_word_down_and_takes_it_back(cast: Cast) -> None:
    mei = given(cast)
    word = {"member": mei, "purposes": ["marketing_1v1"], "state": "given", "terms": "v1", "evidence": "POS 7"}
    assert door(cast.otto).post("/api/v1/consents/", word, format="json").status_code == 201
    assert consents.allows([cast.member(MEI).pk], "marketing_1v1", at=after(days=999))
    gone = {"member": mei, "state": "withdrawn"}
    assert door(cast.otto).post("/api/v1/consents/", gone, format="json").status_code == 201
    assert not consents.allows([cast.member(MEI).pk], "service", at=after(days=999))


def test_a_word_needs_terms_and_proof_and_a_customer_that_the_caller_sees(cast: Cast) -> None:
    mei = given(cast)
    word = {"member": mei, "purposes": ["ad_match"], "state": "given", "terms": "v1"}
    assert door(cast.otto).post("/api/v1/consents/", word, format="json").status_code == 400
    whole = {**word, "evidence": "x"}
    hidden = door(cast.fang).post("/api/v1/consents/", whole, format="json")
    nobody = door(cast.fang).post("/api/v1/consents/", {**whole, "member": "m_nobody"}, format="json")
    assert (hidden.status_code, hidden.json()["errors"]) == (400, nobody.json()["errors"])
    assert door(cast.ann).post("/api/v1/consents/", whole, format="json").status_code == 403
    assert Consent.objects.count() == 1


def test_requests_are_hqs_alone_and_one_at_a_time(cast: Cast) -> None:
    cast.add(LAN, "gu")
    said = {"member": cast.member(LAN).public_id, "kind": "export"}
    made = door(cast.ada).post("/api/v1/requests/", said, format="json")
    assert made.status_code == 201 and made.json()["state"] == "asked" and DataRequest.objects.get().way == "api"
    assert door(cast.ada).post("/api/v1/requests/", said, format="json").status_code == 409
    for who in (cast.fang, cast.gu, cast.rita, cast.ann):
        assert door(who).get("/api/v1/requests/").status_code == 403
    assert len(door(cast.paula).get("/api/v1/requests/?kind=export").json()["results"]) == 1
