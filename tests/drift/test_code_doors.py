"""Codes that WeCom lost and codes of other systems, as people and machines meet them."""

import json
from typing import Any

import pytest
from django.test import Client

from guides import ways
from guides.models import Code
from scrm.wecom.models import OutboundCall
from tests.cast import NOW, Cast

pytestmark = pytest.mark.django_db


def browser(person: Any) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(person)
    return client


@pytest.fixture
def lost(cast: Cast) -> Code:
    code = cast.code()
    ways.miss(code, at=NOW)
    return code


@pytest.fixture
def others(cast: Cast) -> Code:
    code = cast.code()
    Code.objects.filter(pk=code.pk).update(origin="found", hands_off="departments")
    return code


def test_a_lost_code_is_made_again_by_one_button(cast: Cast, lost: Code) -> None:
    client = browser(cast.ben)
    assert "Make it again" in client.get(f"/codes/{lost.public_id}/").content.decode()
    client.post(f"/codes/{lost.public_id}/again/")
    client.post(f"/codes/{lost.public_id}/again/")
    lost.refresh_from_db()
    assert (lost.config_id, lost.trouble) == ("", "")
    assert (
        OutboundCall.objects.filter(api__endswith="add_contact_way", answered_at=None).latest("pk").request()["state"]
    )


@pytest.mark.parametrize(("who", "status"), [("ann", 403), ("cai", 403), ("gu", 403), ("rita", 302), ("fang", 404)])
def test_who_may_have_it_made_again(cast: Cast, lost: Code, who: str, status: int) -> None:
    assert browser(getattr(cast, who)).post(f"/codes/{lost.public_id}/again/").status_code == status


def test_a_code_that_is_not_ours_has_no_form_and_refuses_changes(cast: Cast, others: Code) -> None:
    client = browser(cast.ada)
    page = client.get(f"/codes/{others.public_id}/").content.decode()
    assert "it leads to departments" in page and 'name="remark"' not in page and "Delete this code" not in page
    client.post(f"/codes/{others.public_id}/", {"name": "window"})
    assert client.post(f"/codes/{others.public_id}/delete/").status_code == 302
    others.refresh_from_db()
    assert (others.name, others.deleted_at) == ("收银台", None)


def test_lists_and_the_api_say_whose_a_code_is(cast: Cast, others: Code) -> None:
    client = browser(cast.ada)
    assert "made by another system" in client.get("/codes/").content.decode()
    [row] = client.get("/api/v1/codes/?origin=found").json()["results"]
    assert (row["id"], row["origin"], row["hands_off"]) == (others.public_id, "found", "departments")
    assert client.get("/api/v1/codes/?origin=ours").json()["results"] == []


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_the_api_refuses_to_change_what_is_not_ours(cast: Cast, others: Code, method: str) -> None:
    ask = getattr(browser(cast.ada), method)
    answer = ask(f"/api/v1/codes/{others.public_id}/", json.dumps({"name": "x"}), content_type="application/json")
    assert answer.status_code == 400 and "Another system" in answer.content.decode()
