"""Somebody with two seats: what one of them allows holds where it stands, and nowhere else."""

import pytest
from django.test import Client
from django.urls import reverse

from guides.models import Relation
from scrm import clock
from stores import seats
from stores.models import ApiToken, Person, Role
from tests.cast import LAN, MEI, OPENED, Cast

pytestmark = pytest.mark.django_db


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_an_agency_here_who_guides_there_sees_no_customer_here(cast: Cast) -> None:
    here, there = cast.add(MEI, "cai"), cast.add(LAN, "dong")
    seats.give(cast.dong, Role.AGENCY, store=cast.nanjing_road, at=OPENED)
    assert list(Relation.objects.visible_to(cast.dong)) == [there]
    page = signed_in(cast.dong).get(reverse("dashboard:trace_member", args=[here.member.public_id]))
    assert page.status_code == 404


@pytest.fixture
def ann_manages(cast: Cast) -> Person:
    """Ann analyses the brand and manages Xujiahui."""
    seats.give(cast.ann, Role.STORE_MANAGER, store=cast.xujiahui, at=OPENED)
    return cast.ann


@pytest.mark.parametrize(("shop", "may"), [("nanjing_road", False), ("xujiahui", True)])
def test_who_reads_all_and_manages_one_store_changes_its_codes_only(
    cast: Cast, ann_manages: Person, shop: str, may: bool
) -> None:
    code, client = cast.code(getattr(cast, shop)), signed_in(ann_manages)
    page = reverse("guides:code_delete", args=[code.public_id])
    assert client.get(reverse("guides:code", args=[code.public_id])).status_code == 200
    assert client.get(page).status_code == (200 if may else 403)
    desk = client.post(reverse("admin:guides_code_delete", args=[code.pk]), {"post": "yes"})
    assert desk.status_code == (302 if may else 403)


@pytest.mark.parametrize(("shop", "status"), [("nanjing_road", 404), ("xujiahui", 200)])
def test_so_it_is_at_the_api(cast: Cast, ann_manages: Person, shop: str, status: int) -> None:
    code = cast.code(getattr(cast, shop))
    token = ApiToken.issue(ann_manages, at=clock.now())
    told = {
        "data": {"name": "门口"},
        "content_type": "application/json",
        "headers": {"Authorization": f"Token {token}"},
    }
    assert Client().get(f"/api/v1/codes/{code.public_id}/", headers=told["headers"]).status_code == 200
    assert Client().patch(f"/api/v1/codes/{code.public_id}/", **told).status_code == status
