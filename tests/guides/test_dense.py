"""Many letters of few people, in batches of any size and in any order: the outcome is that of the plain merge."""

import random
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from guides import bindings
from guides.epochs import Fact, Life, merge_member, owners
from guides.hearing import News
from guides.models import Code, Guide, Ownership, Relation, RelationFact
from members.models import Identity
from tests.cast import Cast, after

pytestmark = pytest.mark.django_db

KINDS = ["add", "add", "add", "half", "cust_del", "guide_del", "transferred", "read_there", "read_gone"]
GUIDES = ["ben", "cai", "dong", "gu"]
PEOPLE = [f"wm{n:030d}" for n in range(25)]
WINDOW = 400  # seconds, so that many things happen in the same one


@pytest.fixture
def codes(cast: Cast) -> list[Code]:
    return [cast.code(), cast.code(cast.xujiahui, name="橱窗"), cast.code(cast.fangs_first, name="门口")]


def dense(cast: Cast, codes: list[Code], seed: int, count: int) -> list[News]:
    """So many things that WeCom might say of few guides and customers, told in no order."""
    chance = random.Random(seed)
    told = []
    for n in range(count):
        kind, at = chance.choice(KINDS), after(seconds=chance.randrange(WINDOW))
        state = chance.choice(codes).state if kind in ("add", "half") and chance.random() < 0.6 else ""
        created = at - timedelta(seconds=chance.randrange(90)) if kind == "read_there" else None
        who, digest = (chance.choice(GUIDES), chance.choice(PEOPLE)), n.to_bytes(32, "big")
        told.append(News(cast.corp.pk, *who, kind, at, digest, state=state, letter_id=n, created_at=created))
    return told


Story = tuple[set[tuple[Any, ...]], set[tuple[Any, ...]]]


def expected(told: Iterable[News], codes: list[Code]) -> Story:
    """Relations and owners by the pure merge, without a database."""
    by_state = {code.state: code for code in codes}
    homes = dict(Guide.objects.values_list("userid", "postings__store"))
    relations, lives = set(), {}
    for person, by_guide in facts_of(told, by_state).items():
        for userid, epochs in merge_member(by_guide).items():
            for n, e in enumerate(epochs, 1):
                code = next((c for c in codes if c.pk == e.code_id), None)
                store = code.store_id if code else homes[userid]
                times = (e.opened_at, e.added_at, e.ended_at)
                sides = (e.guide_side, e.customer_side, e.by_transfer)
                relations.add((userid, person, n, e.state, store, e.code_id, *times, *sides))
                if e.added_at:
                    lives.setdefault((person, store), []).append(Life(id_of(userid), e.added_at, e.ended_at))
    owned = {(*key, o.guide_id, o.from_at, o.until) for key, told in lives.items() for o in owners(told)}
    return relations, owned


def facts_of(told: Iterable[News], by_state: dict[str, Code]) -> dict[str, dict[str, list[Fact]]]:
    found: dict[str, dict[str, list[Fact]]] = {}
    for n in told:
        code = by_state[n.state].pk if n.state else None
        facts = found.setdefault(n.external_userid, {}).setdefault(n.userid, [])
        facts.append(Fact(n.at, n.kind, n.digest, code, n.created_at))
    return found


def id_of(userid: str) -> int:
    return Guide.objects.get(userid=userid).pk


def stored() -> Story:
    people = dict(Identity.objects.values_list("member_id", "value"))
    columns = ["guide__userid", "member_id", "epoch", "state", "store_id", "code_id", "opened_at", "added_at"]
    columns += ["ended_at", "guide_side", "customer_side", "by_transfer"]
    relations = {(row[0], people[row[1]], *row[2:]) for row in Relation.objects.values_list(*columns)}
    rows = Ownership.objects.values_list("member_id", "store_id", "guide_id", "starts_at", "ends_at")
    return relations, {(people[row[0]], *row[1:]) for row in rows}


def tell(news: list[News], size: int) -> None:
    for start in range(0, len(news), size):
        bindings.hear(news[start : start + size], now=after(hours=1))


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("size", "count"), [(1, 120), (7, 420), (200, 1000), (1000, 1000)])
def test_batches_of_any_size_tell_one_story(cast: Cast, codes: list[Code], size: int, count: int, seed: int) -> None:
    news = dense(cast, codes, seed, count)
    tell(news, size)
    assert stored() == expected(news, codes)
    assert RelationFact.objects.count() == count


def test_the_same_letters_in_another_order_and_again_tell_the_same_story(cast: Cast, codes: list[Code]) -> None:
    news = dense(cast, codes, seed=5, count=600)
    tell(random.Random(5).sample(news, len(news)), 60)
    tell(news, 600)
    assert stored() == expected(news, codes)
    assert RelationFact.objects.count() == len(news)


def test_the_dense_letters_do_collide(cast: Cast, codes: list[Code]) -> None:
    news = dense(cast, codes, seed=0, count=1000)
    relations, owned = expected(news, codes)
    assert len({(n.userid, n.external_userid) for n in news}) == 100 and len({n.at for n in news}) < 400
    assert {row[3] for row in relations} == set(Relation.State) and max(row[2] for row in relations) > 3
    assert owned
