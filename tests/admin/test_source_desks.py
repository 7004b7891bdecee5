"""The desks of sources and deliveries: HQ looks, changes a few facts by the verb, and nobody else sees them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from members import sources
from members.models import Delivery, Source
from scrm.audit.models import Entry
from tests.cast import NOW, Cast
from tests.orders.till import order, take

DESK = "/admin/members/source/"


@pytest.fixture
def pos(cast: Cast) -> Source:
    take(order())
    source = sources.named("pos", NOW)
    sources.take_secret(source, "a-secret-of-theirs", by=cast.ada, at=NOW)
    Delivery.objects.create(source=source, kind="orders", at=NOW, rows=2, created=1, rejected=1, note="收银台的一批")
    return source


def form(**said: Any) -> dict[str, Any]:
    return {"name": "收银系统", "owner": "", "expected_every": "1 00:00:00", "error_percent": "7", **said}


@pytest.mark.parametrize(("name", "status"), [("ada", 200), ("otto", 200), ("ann", 403), ("rita", 403), ("fang", 403)])
def test_hq_looks_at_them(cast: Cast, pos: Source, client: Client, name: str, status: int) -> None:
    client.force_login(getattr(cast, name))
    one = f"{DESK}{pos.pk}/change/"
    places = [DESK, one, "/admin/members/delivery/", f"/admin/members/delivery/{Delivery.objects.get().pk}/change/"]
    answers = [client.get(place) for place in places]
    assert [answer.status_code for answer in answers] == [status] * 4
    assert "a-secret-of-theirs" not in "".join(answer.content.decode() for answer in answers)


def test_a_few_facts_change_by_the_verb_and_stand_in_the_book(cast: Cast, pos: Source, client: Client) -> None:
    client.force_login(cast.otto)
    said = form(owner=cast.ben.pk, code="other", kind="file", state="paused", secret="x")
    assert client.post(f"{DESK}{pos.pk}/change/", said).status_code == 302
    pos.refresh_from_db()
    assert (pos.name, pos.owner, pos.expected_every, pos.error_percent) == ("收银系统", cast.ben, timedelta(days=1), 7)
    assert (pos.code, pos.kind, pos.state, pos.secret) == ("pos", "api", "live", "a-secret-of-theirs")
    told = [entry.detail.get("changed", {}) for entry in Entry.objects.filter(verb="source.changed")]
    assert {"name", "owner", "expected_every", "error_percent"} in map(set, told)
    assert client.post(f"{DESK}{pos.pk}/change/", form(error_percent="0")).status_code == 200, "refused"


def test_nothing_is_added_deleted_or_written_beside_the_verbs(cast: Cast, pos: Source, client: Client) -> None:
    client.force_login(cast.ada)
    delivery = Delivery.objects.get()
    for place in (f"{DESK}add/", f"{DESK}{pos.pk}/delete/", "/admin/members/delivery/add/"):
        assert client.post(place, form()).status_code == 403
    assert client.post(f"/admin/members/delivery/{delivery.pk}/change/", {"note": "x"}).status_code == 403
    delivery.refresh_from_db()
    assert delivery.note == "收银台的一批" and Source.objects.count() == 1
