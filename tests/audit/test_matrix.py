"""Who reads a customer's data stands in the book, once for each page: tried on every URL that there is.

The customer's name is one that no page would show by chance. A page, list or file in which it stands must have written
exactly one entry of the read; where it does not stand, none.
"""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from guides.models import Relation
from members.models import Member
from scrm.audit.models import Entry
from scrm.wecom.models import OutboundCall
from tests.cast import LAN, MEI, Cast
from tests.dashboard.test_traces import post
from tests.test_every_url import API, MODEL_PAGES, OTHERS, address, clients, stage
from tests.test_every_url import things as places

__all__ = ["clients", "places", "stage"]  # fixtures

NAME = "梅花三弄七号"
OWN = {"admin:logout", "admin/logout/", "logout"}
# Lists of customers' rows of which the stage has none: that somebody looked is written down all the same.
EMPTY_HERE = {
    *("admin:members_membergrade_changelist", "admin:members_memberstage_changelist", "admin:members_order_changelist"),
    *("admin:members_merge_changelist", "admin:members_review_changelist"),
    *("api:event-list", "api:member-fields", "api:member-tags", "api:member-timeline", "api:merge-list"),
    *("api:order-list", "api:refund-list", "members:customer_orders", "members:duplicates", "members:merges"),
}


@pytest.fixture
def named(stage: Cast, db: None) -> str:
    """The customers of the stage by a name that nothing else has; one of them waits for a store."""
    Member.objects.filter(pk__in=[stage.member(MEI).pk, stage.member(LAN).pk]).update(name=NAME)
    stage.member(MEI).relations.update(store=None)
    return NAME


@pytest.fixture
def things(places: dict[str, Any], stage: Cast) -> dict[str, Any]:
    """With a letter about the customer, and a call to WeCom that her add caused."""
    letter = post(stage, external_userid=LAN)
    found = {"letter": letter, "outboundcall": OutboundCall.objects.order_by("pk").first()}
    for one in found.values():
        one.public_id = str(one.pk)  # what URLs call it
    return {**places, **found}


def reads(verb: str = "read") -> list[Entry]:
    return list(Entry.objects.filter(verb__endswith=f".{verb}").order_by("id"))


def shows(answer: Any) -> bool:
    """Whether the customer stands there: by name, by WeCom's id, or by ours."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    said, ours = body.decode("utf-8", "replace"), Member.objects.filter(name=NAME).values_list("public_id", flat=True)
    pairs = [str(relation) for relation in Relation.objects.filter(member__name=NAME)]
    return any(mark in said for mark in [NAME, json.dumps(NAME).strip('"'), MEI, LAN, *ours, *pairs])


@pytest.mark.parametrize("name", sorted({*OTHERS, *API, *MODEL_PAGES} - OWN))
def test_who_shows_a_customer_writes_it_down_once(clients: Any, things: Any, named: str, name: str) -> None:
    verb = "exported" if name == "members:customers_csv" else "read"
    before = len(reads(verb))
    answer = clients["ada"].get(address(name, things))
    noted = len(reads(verb)) - before
    assert noted == int(shows(answer) or name in EMPTY_HERE) or (name.endswith("_history") and noted == 1), name


@pytest.mark.parametrize("name", ["api:member-list", "api:member-detail", "admin:members_member_changelist"])
def test_the_ways_that_must_be_there_are_there(clients: Any, things: Any, named: str, name: str) -> None:
    assert shows(clients["ada"].get(address(name, things)))


@pytest.mark.parametrize("name", ["healthz", "readyz", "metrics", "api:store-list", "dashboard:home"])
def test_what_shows_no_customer_costs_the_book_nothing(clients: Any, things: Any, db: None, name: str) -> None:
    with CaptureQueriesContext(connection) as asked:
        clients["ada"].get(address(name, things))
    assert not [one for one in asked if 'INTO "audit_entry"' in one["sql"]]


def test_a_read_is_one_insert(clients: Any, things: Any, named: str) -> None:
    with CaptureQueriesContext(connection) as asked:
        clients["ada"].get(address("api:member-detail", things))
    assert len([one for one in asked if "audit_entry" in one["sql"]]) == 1


def test_a_stranger_and_a_wrong_id_leave_no_read(clients: Any, things: Any, named: str) -> None:
    before = len(reads())
    clients["ben"].get(address("api:member-detail", things))
    clients["ada"].get("/api/v1/members/m_neverwas00000000/")
    assert len(reads()) == before
