"""Alarms: raised once, counted while they stand, ended by their cause."""

import pytest

from scrm.audit import alarms
from scrm.audit.models import Alarm
from tests.cast import NOW, after

pytestmark = pytest.mark.django_db


def test_an_alarm_is_raised_once_and_counted() -> None:
    for minute in range(3):
        alarms.sound("code_refused", "c_1", at=after(minutes=minute), errcode=minute)
    alarm = Alarm.objects.get()
    assert (alarm.count, alarm.first_at, alarm.last_at) == (3, NOW, after(minutes=2))
    assert alarm.detail == {"errcode": 2}


def test_an_alarm_ends_with_its_cause_and_may_come_again() -> None:
    alarms.sound("code_refused", "c_1", at=NOW)
    alarms.sound("code_refused", "c_2", at=NOW)
    assert alarms.end("code_refused", "c_1", at=after(minutes=1)) == 1
    assert alarms.end("code_refused", "c_1", at=after(minutes=2)) == 0
    alarms.sound("code_refused", "c_1", at=after(minutes=3))
    assert list(Alarm.objects.filter(cleared_at=None).order_by("subject").values_list("subject", "count")) == [
        ("c_1", 1),
        ("c_2", 1),
    ]


def test_all_alarms_of_a_kind_end_together() -> None:
    for subject in ("c_1", "c_2"):
        alarms.sound("code_refused", subject, at=NOW)
    alarms.sound("unknown_state", "x", at=NOW)
    assert alarms.end("code_refused", at=after(minutes=1)) == 2
    assert Alarm.objects.filter(cleared_at=None).get().kind == "unknown_state"


def test_a_long_subject_ends_as_it_was_raised() -> None:
    alarms.sound("unknown_state", "x" * 300, at=NOW)
    assert alarms.end("unknown_state", "x" * 300, at=NOW) == 1
