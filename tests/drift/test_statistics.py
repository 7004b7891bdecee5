"""What WeCom counts of each guide's days: who is asked when, what is believed, what is kept."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from guides import officials
from guides.models import Guide, OfficialDay, OfficialReading
from guides.officials import Told, understand
from scrm.clock import SHANGHAI, start_of
from tests.cast import Cast

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 1)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI)


NEXT_NOON = at(DAY + timedelta(days=1), 12, 5)


def told(guide: Guide, *, contacts: int | None = 0, deletions: int | None = 0, day: date = DAY) -> Told:
    return Told(guide.pk, day, 0, 0, None, None, deletions, 0, contacts)


def the_day() -> OfficialDay:
    return OfficialDay.objects.get(day=DAY)


def test_nobody_is_asked_before_noon_and_everybody_once_after_it(cast: Cast) -> None:
    assert officials.plan(at(DAY, 11, 59)) == 0
    assert officials.plan(at(DAY, 12, 0)) == 4 and officials.plan(at(DAY, 13, 0)) == 0
    due = [row.due_at for row in OfficialReading.objects.order_by("due_at") if row.due_at]
    assert due[1] - due[0] == timedelta(milliseconds=60), "a thousand guides a minute"
    assert officials.plan(at(DAY + timedelta(days=1), 12, 0)) == 4


def test_who_has_no_customer_contact_is_not_asked_and_a_leaver_is(cast: Cast) -> None:
    Guide.objects.filter(userid="cai").update(can_contact=False)
    Guide.objects.filter(userid="dong").update(can_contact=False, status="left", left_at=at(DAY, 18))
    Guide.objects.filter(userid="gu").update(can_contact=False, status="left", left_at=at(DAY - timedelta(days=9), 18))
    officials.plan(NEXT_NOON)
    assert set(OfficialReading.objects.values_list("guide__userid", flat=True)) == {"ben", "dong"}


def test_numbers_are_believed_at_once_and_zeros_after_a_second_look_on_another_day(cast: Cast) -> None:
    cai = cast.guide("cai")
    officials.remember([told(cai)], at=NEXT_NOON)
    assert the_day().known_at is None
    officials.remember([told(cai)], at=NEXT_NOON + timedelta(hours=3))
    assert the_day().known_at is None, "the same afternoon is no second look"
    officials.remember([told(cai)], at=NEXT_NOON + timedelta(days=1))
    assert the_day().known_at == NEXT_NOON + timedelta(days=1)


def test_zeros_read_in_the_night_are_unknown_until_numbers_come(cast: Cast) -> None:
    cai = cast.guide("cai")
    officials.remember([told(cai)], at=at(DAY + timedelta(days=1), 2, 32))
    assert the_day().known_at is None
    officials.remember([told(cai, contacts=3)], at=NEXT_NOON)
    assert (the_day().contacts, the_day().known_at) == (3, NEXT_NOON)


def test_zeros_replace_no_number_that_was_known_and_an_older_answer_changes_nothing(cast: Cast) -> None:
    cai = cast.guide("cai")
    officials.remember([told(cai, contacts=3)], at=NEXT_NOON)
    officials.remember([told(cai)], at=NEXT_NOON + timedelta(days=1))
    officials.remember([told(cai, contacts=9)], at=NEXT_NOON - timedelta(hours=1))
    assert the_day().contacts == 3


def test_numbers_that_wecom_corrects_are_corrected(cast: Cast) -> None:
    cai = cast.guide("cai")
    officials.remember([told(cai, contacts=3)], at=NEXT_NOON)
    officials.remember([told(cai, contacts=4, deletions=1)], at=NEXT_NOON + timedelta(days=1))
    assert (the_day().contacts, the_day().deletions) == (4, 1)


STAMP = int(start_of(DAY).timestamp())


@pytest.mark.parametrize(
    ("said", "percent"),
    [(60.25, Decimal("60.25")), (66, Decimal("66")), (0, Decimal(0)), (101, None), ("60", None), (True, None)],
)
def test_a_share_is_kept_as_it_was_written(said: Any, percent: Decimal | None) -> None:
    [one] = understand({"behavior_data": [{"stat_time": STAMP, "reply_percentage": said}]}, 1, DAY, DAY)
    assert one.percent == percent


@pytest.mark.parametrize("said", [-1, 2.0, "3", True, None, 2**40])
def test_what_is_no_count_is_not_told(said: Any) -> None:
    [one] = understand({"behavior_data": [{"stat_time": STAMP, "new_contact_cnt": said}]}, 1, DAY, DAY)
    assert one.contacts is None and one.deletions is None and one.percent is None


@pytest.mark.parametrize("rows", [[], [{}], [None], ["x"], [{"stat_time": "1"}], [{"stat_time": STAMP - 86_400}]])
def test_days_that_were_not_asked_for_are_nobodys(rows: list[Any]) -> None:
    assert understand({"behavior_data": rows}, 1, DAY, DAY) == []


def test_what_was_left_out_is_not_zero(cast: Cast) -> None:
    row = {"stat_time": STAMP, "new_contact_cnt": 2}
    officials.remember(understand({"behavior_data": [row]}, cast.guide("cai").pk, DAY, DAY), at=NEXT_NOON)
    day = the_day()
    assert (day.contacts, day.deletions, day.chats, day.reply_percentage) == (2, None, None, None)
    assert day.known_at == NEXT_NOON
