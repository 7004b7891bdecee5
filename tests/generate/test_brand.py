"""A generated brand is one that the product could have come to by itself."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Sum

from guides import bindings
from guides.models import Code, Guide, Ownership, Posting, Relation, RelationFact
from members.models import Consent, Identity, Member, MemberTag, Order, Refund
from scrm.dashboard import facts
from scrm.dashboard.models import Fill, GuideDay, NodeDay, SalesDay, StoreSpan
from scrm.generate import brands
from scrm.generate.models import Generated
from scrm.wecom.models import OutboundCall
from stores.models import Contract, Person, Seat, Store

AT = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
SMALL = brands.Size(stores=6, guides=40, members=3000, seed=7, days=60, orders=2000)
LEDGERS = [Store, Contract, Guide, Posting, Seat, Code, Member, Identity, Relation, RelationFact, Ownership, MemberTag]


def rows(model: Any, *but: str) -> list[tuple[Any, ...]]:
    """All rows but for ids that the database counted."""
    names = [f.attname for f in model._meta.concrete_fields if f.name not in {"id", *but}]
    return sorted(map(str, model.objects.values_list(*names)))


@pytest.fixture(scope="module")
def made(django_db_setup: None, django_db_blocker: Any) -> Iterator[Generated]:
    """One brand for all tests here; each undoes its doings."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield brands.generate(SMALL, at=AT)
        transaction.set_rollback(True)


@pytest.fixture
def brand(made: Generated, db: None) -> Generated:
    return made


def test_it_has_what_was_asked_for(brand: Generated) -> None:
    found = [Store.objects.count(), Guide.objects.count(), Member.objects.count()]
    assert found == [6, 40, 3000]
    assert 1.15 < Relation.objects.filter(by_transfer=False, epoch=1).count() / 3000 < 1.35
    assert brand.finished_at == AT and Consent.objects.exists() and MemberTag.objects.exists()


def test_deriving_again_changes_nothing(brand: Generated) -> None:
    before = [rows(Relation), rows(Ownership)]
    members = list(Member.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(members), 1000):
        bindings.derive(members[start : start + 1000], now=AT.replace(year=2027))
    assert [rows(Relation), rows(Ownership)] == before


def test_every_way_of_a_relation_is_there(brand: Generated) -> None:
    assert set(Relation.objects.values_list("state", flat=True)) == {"half", "live", "lost", "dropped", "moved"}
    assert set(Relation.objects.values_list("epoch", flat=True)) == {1, 2}
    assert Relation.objects.filter(by_transfer=True).count() == Relation.objects.filter(state="moved").count() > 0
    assert Guide.objects.filter(status="left").exists() and Ownership.objects.exclude(ends_at=None).exists()


def test_nothing_happens_in_the_future_or_where_nobody_worked(brand: Generated) -> None:
    assert not RelationFact.objects.filter(at__gt=AT).exists()
    late = Relation.objects.filter(guide__status="left").extra(where=["added_at >= guides_guide.left_at"])  # noqa: S610
    assert not late.exists()


def test_boards_are_what_a_fill_makes_of_it(brand: Generated) -> None:
    before = [rows(model) for model in (GuideDay, SalesDay, NodeDay, StoreSpan)]
    for model in (GuideDay, SalesDay, NodeDay, StoreSpan, Fill):
        model.objects.all().delete()
    facts.fill_all(at=AT)
    assert [rows(model) for model in (GuideDay, SalesDay, NodeDay, StoreSpan)] == before
    live = NodeDay.objects.filter(kind="brand").latest("day").live
    assert live == Relation.objects.filter(state="live").count()


def test_no_lane_has_anything_to_tell_wecom(brand: Generated) -> None:
    assert not Code.objects.unpushed().exists() and not OutboundCall.objects.exists()
    assert not Identity.objects.exclude(read_due_at=None).exists()


def test_a_finished_one_is_left_as_it_is(brand: Generated) -> None:
    before = Relation.objects.count()
    assert brands.generate(SMALL, at=AT.replace(year=2027)).pk == brand.pk
    assert Relation.objects.count() == before


def test_another_size_is_refused(brand: Generated) -> None:
    with pytest.raises(CommandError, match="of other measures"):
        call_command("generate_brand", stores=6, guides=40, members=3001, seed=7, days=60, orders=2000)


def test_logins_open_the_door(brand: Generated) -> None:
    found = {login.role: login for login in brands.logins()}
    assert set(found) == {"hq", "analyst", "region", "franchise", "manager", "guide"}
    assert all(Person.objects.get(username=one.username).check_password(one.password) for one in found.values())
    assert brands.logins() == list(found.values())


def test_orders_are_what_a_till_could_have_told(made: Generated) -> None:
    orders = Order.objects.annotate(sum=Sum("lines__paid_fen"), goods=Sum("lines__quantity"))
    assert orders.count() == 2000 and Refund.objects.exists()
    assert all(order.sum == order.paid_fen and order.goods == order.units for order in orders)
    assert {"store", "mini_program", "tmall"} <= set(orders.values_list("channel", flat=True))
    brand = NodeDay.objects.filter(kind="brand").aggregate(gmv=Sum("gmv"), orders=Sum("orders"))
    back = Refund.objects.aggregate(fen=Sum("paid_fen"))["fen"]
    assert brand == {"gmv": orders.aggregate(fen=Sum("paid_fen"))["fen"] - back, "orders": 2000}
