"""Cross tables: the same as counting by hand, whatever tags people bear and whatever they buy."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from members import labels, tags
from members.models import Member, Tag, TagGroup
from members.segments import crosses, definitions, folds, years
from scrm.clock import day_of
from tests.cast import LAN, MEI, NOW, Cast
from tests.members.buying import bought

PEOPLE = 6


@pytest.fixture
def groups(cast: Cast) -> dict[str, tuple[TagGroup, list[Tag]]]:
    found = {}
    for name, values in (("偏好", ("辣", "甜")), ("价位", ("高", "低"))):
        group = labels.group(name, by=cast.otto, at=NOW)
        found[name] = (group, [labels.tag(group, value, by=cast.otto, at=NOW) for value in values])
    return found


@pytest.fixture
def people(cast: Cast) -> list[Member]:
    return [Member.objects.create(name=f"n{n}", created_at=NOW) for n in range(PEOPLE)]


def key(group: TagGroup) -> str:
    return f"tag_group:{group.public_id}"


def table(cast: Cast, groups: Any, **more: Any) -> crosses.Table:
    down, across = (key(groups[name][0]) for name in ("偏好", "价位"))
    return crosses.table(down, across, viewer=cast.ada, at=NOW, **more)


worn = st.lists(st.sets(st.integers(0, 3)), min_size=PEOPLE, max_size=PEOPLE)
buys = st.lists(st.tuples(st.integers(0, PEOPLE - 1), st.integers(0, 400), st.integers(0, 10**7)), max_size=15)


@given(worn=worn, buys=buys)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_is_what_counting_by_hand_gives(cast: Cast, groups: Any, people: Any, worn: Any, buys: Any) -> None:
    every = [tag for _group, found in groups.values() for tag in found]
    forget(people)
    for member, wears in zip(people, worn, strict=True):
        for n in wears:
            tags.put_on([member.pk], every[n], by=cast.otto, at=NOW)
    for n, days, fen in buys:
        bought(people[n], cast.xujiahui, at=NOW - timedelta(days=days), fen=fen)
    years.fill(NOW)
    found = table(cast, groups)
    number = {tag.public_id: n for n, tag in enumerate(every)}
    rows, columns = ([number.get(side.key) for side in axis.sides] for axis in (found.rows, found.columns))
    for (r, down), (c, across) in product(enumerate(rows), enumerate(columns)):
        mine = [n for n in range(PEOPLE) if has(worn[n], down, {0, 1}) and has(worn[n], across, {2, 3})]
        assert found.cells[r][c] == by_hand(mine, buys)
    for r, down in enumerate(rows):
        assert found.row_margins[r] == by_hand([n for n in range(PEOPLE) if has(worn[n], down, {0, 1})], buys)
    assert found.whole == by_hand(range(PEOPLE), buys)


def forget(people: list[Member]) -> None:
    from members.models import MemberTag, Order

    MemberTag.objects.filter(member__in=people).delete()
    Order.objects.filter(member__in=people).delete()


def has(wears: set[int], wanted: int | None, group: set[int]) -> bool:
    """Whether she bears this tag, or, where there is none, none of the group."""
    return not wears & group if wanted is None else wanted in wears


def by_hand(mine: Any, buys: Any) -> crosses.Cell:
    hers = {n: [(days, fen) for who, days, fen in buys if who == n and days < 365] for n in mine}
    counted = {n: {day for day, _fen in told} for n, told in hers.items()}
    fen = sum(fen for told in hers.values() for _day, fen in told)
    return crosses.Cell(
        len(list(mine)), fen, sum(1 for d in counted.values() if d), sum(1 for d in counted.values() if len(d) > 1)
    )


def test_what_was_given_back_is_no_gmv(cast: Cast, groups: Any, people: Any) -> None:
    order = bought(people[0], cast.xujiahui, at=NOW, fen=5000)
    type(order).objects.filter(pk=order.pk).update(refunded_fen=2000)
    years.fill(NOW)
    assert table(cast, groups).whole.fen == 3000


def test_a_merged_person_counts_once_with_all_that_she_bought(cast: Cast, groups: Any, people: Any) -> None:
    Member.objects.filter(pk=people[1].pk).update(same_person_as=people[0])
    for n in (0, 1):
        bought(people[n], cast.xujiahui, at=NOW - timedelta(days=n), fen=100)
    years.fill(NOW)
    assert table(cast, groups).whole == crosses.Cell(PEOPLE - 1, 200, 1, 1)


def test_among_a_segment_only_its_people_count(cast: Cast, groups: Any, people: Any) -> None:
    bought(people[0], cast.xujiahui, at=NOW, fen=100)
    rule = {"field": "orders", "op": "at_least", "value": 1}
    segment = definitions.make("买过", rule, by=cast.otto, at=NOW)
    folds.fold(at=NOW)
    segment.refresh_from_db()
    assert table(cast, groups, among=segment).whole.people == 1


def test_a_cell_s_people_are_as_many_as_it_says(cast: Cast, groups: Any, people: Any) -> None:
    (group, (hot, _sweet)), (other, _tags) = groups["偏好"], groups["价位"]
    tags.put_on([people[0].pk, people[1].pk], hot, by=cast.otto, at=NOW)
    found = crosses.people(key(group), hot.public_id, key(other), crosses.NONE, viewer=cast.ada, at=NOW, among=None)
    assert list(found) == [people[0].pk, people[1].pk]


def test_an_owner_counts_those_of_his_stores_who_share(cast: Cast, groups: Any) -> None:
    from members import consents

    cast.add(MEI, "cai", code=cast.code())
    cast.add(LAN, "gu", code=cast.code(cast.fangs_first))
    asked = {"rows": "stage", "columns": "gender", "at": NOW}
    assert crosses.table(**asked, viewer=cast.ada).whole.people == 2
    assert crosses.table(**asked, viewer=cast.fang).whole.people == 0
    consents.give(cast.member(LAN), ["share_franchisee"], terms="1", at=NOW, source="form")
    assert crosses.table(**asked, viewer=cast.fang).whole.people == 1
    assert crosses.table(**asked, viewer=cast.rita).whole.people == 1


@pytest.mark.parametrize("asked", ["tag_group:tg_none", "spent", "field:none", "tag", ""])
def test_there_is_no_such_axis(cast: Cast, asked: str) -> None:
    with pytest.raises(crosses.NoAxis):
        crosses.table(asked, "gender", viewer=cast.ada, at=NOW)


def test_a_year_ends_with_its_365th_day(cast: Cast, people: Any) -> None:
    for days in (364, 365):
        bought(people[0], cast.xujiahui, at=NOW - timedelta(days=days), fen=100)
    year = years.fill(NOW)
    assert year.spent(crosses.BitMap([people[0].pk])) == 100
    assert day_of(NOW) == day_of(year.at or NOW)
