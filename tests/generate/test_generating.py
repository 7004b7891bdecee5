"""Generating: again, broken off, refused; the same seed, the same brand."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Count

from guides.models import Code, Guide, Ownership, Posting, Relation, RelationFact
from members.models import Identity, Member, MemberTag
from scrm.generate import brands
from scrm.generate.models import Generated
from stores.models import Contract, Seat, Store
from tests.cast import Cast

AT = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
SMALL = brands.Size(stores=6, guides=40, members=3000, seed=7, days=60)
LEDGERS = [Store, Contract, Guide, Posting, Seat, Code, Member, Identity, Relation, RelationFact, Ownership, MemberTag]


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


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"orders": -1}, "--orders must be from 0"),
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


def test_guides_numbers_have_a_heavy_tail(db: None) -> None:
    brands.generate(brands.Size(stores=20, guides=400, members=40_000, seed=3, days=30), at=AT)
    told = Relation.objects.values("guide").annotate(n=Count("pk")).order_by("-n").values_list("n", flat=True)
    numbers = [n / 1.3 for n in told]
    assert 90 < sum(numbers) / 400 < 115
    assert 1200 < numbers[3] < 2800  # the 99th of a hundred
    assert numbers[200] < 70
