"""A generated brand is one that the product could have come to by itself."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Count

from guides import bindings
from guides.models import Code, Guide, Ownership, Posting, Relation, RelationFact
from members.models import Consent, Identity, Member, MemberTag
from scrm.dashboard import facts
from scrm.dashboard.models import Fill, GuideDay, NodeDay, StoreSpan
from scrm.generate import brands
from scrm.generate.models import Generated
from scrm.wecom.models import OutboundCall
from stores.models import Contract, Person, Seat, Store
from tests.cast import Cast

AT = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
SMALL = brands.Size(stores=6, guides=40, members=3000, seed=7, days=60)
LEDGERS = [Store, Contract, Guide, Posting, Seat, Code, Member, Identity, Relation, RelationFact, Ownership, MemberTag]


def rows(model: Any, *but: str) -> list[tuple[Any, ...]]:
    """All rows but for ids that the database counted."""
    names = [f.attname for f in model._meta.concrete_fields if f.name not in {"id", *but}]
    return sorted(map(str, model.objects.values_list(*names)))


@pytest.fixture
def brand(db: None) -> Generated:
    return brands.generate(SMALL, at=AT)


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
    before = [rows(model) for model in (GuideDay, NodeDay, StoreSpan)]
    for model in (GuideDay, NodeDay, StoreSpan, Fill):
        model.objects.all().delete()
    facts.fill_all(at=AT)
    assert [rows(model) for model in (GuideDay, NodeDay, StoreSpan)] == before
    live = NodeDay.objects.filter(kind="brand").latest("day").live
    assert live == Relation.objects.filter(state="live").count()


def test_no_lane_has_anything_to_tell_wecom(brand: Generated) -> None:
    assert not Code.objects.unpushed().exists() and not OutboundCall.objects.exists()
    assert not Identity.objects.exclude(read_due_at=None).exists()


def test_a_finished_one_is_left_as_it_is(brand: Generated) -> None:
    before = Relation.objects.count()
    assert brands.generate(SMALL, at=AT.replace(year=2027)).pk == brand.pk
    assert Relation.objects.count() == before


def test_broken_off_it_goes_on_where_it_was(db: None, monkeypatch: Any) -> None:
    monkeypatch.setattr(brands, "CHUNK", 700)

    def stop(progress: brands.Progress) -> None:
        if progress.phase == "customers" and progress.done >= 1400:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        brands.generate(SMALL, at=AT, told=stop)
    assert Member.objects.count() == 1400
    brands.generate(SMALL, at=AT)
    assert Member.objects.count() == 3000 and Relation.objects.values("member").distinct().count() == 3000


def dump() -> list[list[Any]]:
    """What was generated, by names that do not depend on the ids of this database."""
    pairs = Relation.objects.values_list(
        "public_id", "member__public_id", "guide__userid", "state", "added_at", "code__state"
    )
    return [sorted(map(str, pairs)), sorted(map(str, Store.objects.values_list("public_id", "name", "kind", "city")))]


def test_the_seed_says_it_all(db: None, monkeypatch: Any) -> None:
    seen = []
    for seed, chunk in ((7, 100_000), (7, 900), (8, 100_000)):
        monkeypatch.setattr(brands, "CHUNK", chunk)
        with transaction.atomic():
            brands.generate(brands.Size(stores=3, guides=12, members=1000, seed=seed, days=30), at=AT)
            seen.append(dump())
            transaction.set_rollback(True)
    assert seen[0] == seen[1] != seen[2]


def test_a_real_brand_is_not_touched(cast: Cast) -> None:
    with pytest.raises(CommandError, match="holds a brand already"):
        call_command("generate_brand", stores=1, guides=1, members=1)
    assert Store.objects.count() == 4


def test_another_size_is_refused(brand: Generated) -> None:
    with pytest.raises(CommandError, match="of other measures"):
        call_command("generate_brand", stores=6, guides=40, members=3001, seed=7, days=60)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"orders": 5}, "orders are not kept"),
        ({"guides": 2}, "--guides"),
        ({"stores": 0}, "--stores"),
        ({"days": 0}, "--days"),
    ],
)
def test_what_cannot_be_is_said(db: None, wrong: dict[str, int], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("generate_brand", **{"stores": 3, "guides": 9, "members": 10, **wrong})
    assert not Generated.objects.exists()


def test_the_smallest_brand_is_one_too(db: None, capsys: Any) -> None:
    call_command("generate_brand", stores=1, guides=1, members=0, days=1)
    said = capsys.readouterr().out
    assert "login hq hq " in said and "login manager g0000001 " in said and "customers" not in said


def test_logins_open_the_door(brand: Generated) -> None:
    found = {login.role: login for login in brands.logins()}
    assert set(found) == {"hq", "analyst", "region", "franchise", "manager", "guide"}
    assert all(Person.objects.get(username=one.username).check_password(one.password) for one in found.values())
    assert brands.logins() == list(found.values())


def test_guides_numbers_have_a_heavy_tail(db: None) -> None:
    brands.generate(brands.Size(stores=20, guides=400, members=40_000, seed=3, days=30), at=AT)
    told = Relation.objects.values("guide").annotate(n=Count("pk")).order_by("-n").values_list("n", flat=True)
    numbers = [n / 1.3 for n in told]
    assert 90 < sum(numbers) / 400 < 115
    assert 1200 < numbers[3] < 2800  # the 99th of a hundred
    assert numbers[200] < 70
