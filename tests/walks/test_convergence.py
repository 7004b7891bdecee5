"""A town of customers and guides, letters twice, late and in any order: in the end we know what WeCom knows."""

import random

import pytest
from django.db import connection

from guides.models import GroupChat, Relation, RelationFact
from scrm.sandbox.relations import Impossible
from scrm.wecom.models import Letter
from tests.walks.conftest import House

ACTS = 60


def live_a_while(house: House, dice: random.Random) -> None:
    """Things that people do, seconds or minutes apart."""
    code = house.a_code()
    people = [house.wx.customer(name=f"顾客{n}") for n in range(6)]
    guides = list(code.pushed_users)
    for _ in range(ACTS):
        who, guide = dice.choice(people), dice.choice(guides)
        act = dice.choice(["scan", "scan", "add", "by customer", "by guide", "edit"])
        try:
            if act == "scan":
                house.wx.scan(who, config_id=code.config_id)
            elif act == "add":
                house.wx.add(who, guide)
            elif act == "edit":
                house.wx.edit(who, guide, remark="老客")
            else:
                house.wx.delete(who, guide, by=act.removeprefix("by "))
        except (Impossible, ValueError):
            continue
        house.wx.advance(dice.choice([1, 1, 2, 30, 90]))
        if dice.random() < 0.3:
            house.work()


def in_wecom(house: House) -> dict[tuple[str, str], tuple[bool, bool]]:
    """(customer, guide) → whether the guide has her, and whether she has the guide."""
    told = house.wx.do("GET", "world")["relations"]
    return {(r["external_userid"], r["userid"]): (r["guide_side"], r["customer_side"]) for r in told}


def in_ours() -> dict[tuple[str, str], tuple[bool, bool]]:
    query = """
        SELECT DISTINCT ON (r.member_id, r.guide_id) i.value, g.userid, r.guide_side, r.customer_side
        FROM guides_relation r JOIN guides_guide g ON g.id = r.guide_id
        JOIN members_identity i ON i.member_id = r.member_id AND i.kind = 'external_userid'
        ORDER BY r.member_id, r.guide_id, r.epoch DESC
    """
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {(external, userid): (guide, customer) for external, userid, guide, customer in cursor.fetchall()}


@pytest.mark.parametrize("seed", range(4))
def test_every_letter_delivered_means_every_relation_known(house: House, seed: int) -> None:
    dice = random.Random(seed)
    house.wx.faults.set(duplicate=dice.choice([0.0, 0.5]), delay=0.3, reorder=0.5, reorder_seconds=120)
    live_a_while(house, dice)
    house.wx.faults.clear()
    house.wx.advance(3600)
    house.work()
    assert len(in_wecom(house)) > 5 and in_ours() == in_wecom(house)
    assert not Letter.objects.exclude(state="applied")
    assert Relation.objects.count() <= RelationFact.objects.count() and not GroupChat.objects.exists()
