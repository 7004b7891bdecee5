"""What the watch sees: each thing is sounded once, counted while it lasts, ended when it is over."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from guides.models import Relation
from scrm.audit import alarms, heartbeats
from scrm.audit.models import Alarm
from scrm.dashboard import contacts
from scrm.dashboard.models import Fill
from scrm.watch import database, gateway, rounds
from scrm.watch.sights import Sight, measured
from scrm.wecom.models import App, Corp, Letter, Quota
from tests.cast import LAN, MEI, NOW, Cast, after

pytestmark = pytest.mark.django_db
Looked = Callable[[datetime], dict[str, int]]


@pytest.fixture(autouse=True)
def _quiet_house(settings: Any) -> None:
    settings.WATCH_DISK_PERCENT = 101  # the disk of whoever runs the tests is nobody's business


def only(kind: str) -> dict[str, Any]:
    return {kind: rounds.LOOKS[kind]}


def test_a_quiet_house_sounds_nothing(cast: Cast, open_alarms: Looked) -> None:
    assert open_alarms(NOW) == {}


def test_an_alarm_stays_between_its_thresholds() -> None:
    for value, expected in ((99, 0), (100, 1), (60, 1), (100, 2), (50, 2), (49, 0)):
        rounds.judge("inbox_age", measured("inbox", value, limit=100, until=50), NOW)
        assert sum(Alarm.objects.filter(cleared_at=None).values_list("count", flat=True)) == expected


def test_a_look_that_fails_changes_no_alarm_and_stops_no_other() -> None:
    def broken(at: datetime) -> list[Sight]:
        raise ValueError("the column is gone")

    alarms.sound("a", "x", at=NOW)
    rounds.look({"a": broken, "b": lambda at: [Sight("y")]}, NOW)
    assert set(Alarm.objects.filter(cleared_at=None).values_list("kind", flat=True)) == {"a", "b"}


def test_letters_that_wait_too_long(letters: Any, open_alarms: Looked) -> None:
    letters(2, at=NOW, state="waiting")
    assert "inbox_age" not in open_alarms(after(seconds=59))
    assert open_alarms(after(seconds=61))["inbox_age"] == 1
    assert open_alarms(after(seconds=121))["inbox_age"] == 2
    Letter.objects.update(state="applied")
    assert "inbox_age" not in open_alarms(after(seconds=181))


def test_a_letter_that_was_tried_waits_for_its_next_try(letters: Any, open_alarms: Looked) -> None:
    letters(1, at=NOW, state="waiting", attempts=3)
    assert "inbox_age" not in open_alarms(after(minutes=5))


def test_welcomes_that_come_too_late(letters: Any, open_alarms: Looked) -> None:
    letters(4, at=NOW, welcome="expired")
    assert "welcomes_late" not in open_alarms(after(minutes=1))
    letters(1, at=NOW, welcome="expired")
    assert open_alarms(after(minutes=2))["welcomes_late"] == 1
    assert "welcomes_late" not in open_alarms(after(minutes=11))


def a_quota(cast: Cast, **said: Any) -> Quota:
    full = {"minute_limit": 100, "hour_limit": 1000, "minute_left": 100, "hour_left": 1000, "refilled_at": NOW}
    return Quota.objects.create(corp=cast.corp, api="externalcontact/get", **{**full, **said})


def test_calls_of_this_hour_are_nearly_used_up(cast: Cast, open_alarms: Looked) -> None:
    a_quota(cast, hour_left=150)
    assert open_alarms(NOW)["quota_low"] == 1
    assert "quota_low" in open_alarms(after(minutes=10)), "a third is back: still between the thresholds"
    assert "quota_low" not in open_alarms(after(minutes=20))


def test_an_api_that_wecom_blocks(cast: Cast, open_alarms: Looked) -> None:
    a_quota(cast, blocked_until=after(minutes=1))
    assert open_alarms(NOW)["api_blocked"] == 1
    assert "api_blocked" in open_alarms(after(minutes=2))
    assert "api_blocked" not in open_alarms(after(minutes=4))


def test_an_app_that_asks_for_no_token(cast: Cast, open_alarms: Looked) -> None:
    App.objects.update(closed_until=after(minutes=5), token_errcode=40001)
    assert open_alarms(NOW)["token_closed"] == 1
    assert "token_closed" not in open_alarms(after(minutes=6))


def test_silence_for_much_longer_than_usual(letters: Any, open_alarms: Looked) -> None:
    for minute in range(30):
        letters(1, at=after(minutes=minute))
    assert "letters_silent" not in open_alarms(after(minutes=60))
    assert open_alarms(after(minutes=95))["letters_silent"] == 1
    letters(1, at=after(minutes=100))
    assert "letters_silent" not in open_alarms(after(minutes=101))


def test_a_small_shop_is_silent_by_nature_and_shops_sleep_at_night(letters: Any, open_alarms: Looked) -> None:
    letters(19, at=NOW)
    assert "letters_silent" not in open_alarms(after(hours=8))
    letters(1, at=NOW)
    assert "letters_silent" in open_alarms(after(hours=8))
    assert "letters_silent" not in open_alarms(after(hours=11)), "23:00 in Shanghai"


def test_business_time_passes_in_opening_hours_only() -> None:
    assert gateway.open_seconds(NOW, after(days=1)) == 12 * 3600
    assert gateway.open_seconds(after(hours=10), after(hours=22)) == 0  # from 22:00 to 10:00


def test_a_worker_that_fell_silent(open_alarms: Looked) -> None:
    heartbeats.beat("work", at=NOW)
    heartbeats.beat("scheduler", at=after(minutes=5), host="")
    assert "worker_missing" not in open_alarms(after(minutes=2))
    assert open_alarms(after(minutes=4))["worker_missing"] == 1
    heartbeats.beat("work", at=after(minutes=5))
    assert "worker_missing" not in open_alarms(after(minutes=5))


def test_a_worker_that_was_stopped_is_not_missed(open_alarms: Looked) -> None:
    heartbeats.beat("work", at=NOW)
    heartbeats.stop("work")
    assert open_alarms(after(hours=1)) == {}


def test_a_scheduler_that_never_rang_is_missed_once_a_worker_lives(open_alarms: Looked) -> None:
    for minute in range(5):
        heartbeats.beat("work", at=after(minutes=minute))
    assert open_alarms(after(minutes=4))["scheduler_missing"] == 1
    heartbeats.beat("scheduler", at=after(minutes=4), host="")
    assert "scheduler_missing" not in open_alarms(after(minutes=5))


def test_figures_that_nobody_fills(open_alarms: Looked) -> None:
    Fill.objects.create(filled_at=NOW)
    assert open_alarms(after(minutes=11))["facts_late"] == 1
    Fill.objects.update(filled_at=after(minutes=11))
    assert "facts_late" not in open_alarms(after(minutes=12))


def test_a_backup_that_is_too_old(settings: Any, open_alarms: Looked) -> None:
    settings.BACKUP_EVERY_HOURS, settings.WATCH_HEARTBEAT_MINUTES = 26, 100_000
    heartbeats.beat("backup", at=NOW)
    assert "backup_old" not in open_alarms(after(hours=25))
    assert open_alarms(after(hours=27))["backup_old"] == 1
    heartbeats.beat("backup", at=after(hours=27))
    assert "backup_old" not in open_alarms(after(hours=28))


def test_a_full_disk(settings: Any, open_alarms: Looked) -> None:
    settings.WATCH_DISK_PERCENT = 0
    assert open_alarms(NOW)["disk_full"] == 1
    settings.WATCH_DISK_PERCENT = 102
    assert "disk_full" not in open_alarms(NOW)


@pytest.mark.parametrize(
    ("kind", "setting"),
    [
        ("database_connections", "WATCH_CONNECTIONS_PERCENT"),
        ("database_wraparound", "WATCH_XID_AGE"),
        ("database_long_transaction", "WATCH_TRANSACTION_MINUTES"),
    ],
)
def test_limits_of_the_database(settings: Any, kind: str, setting: str) -> None:
    setattr(settings, setting, 0)
    rounds.look(only(kind), NOW)
    assert Alarm.objects.get(cleared_at=None).kind == kind
    setattr(settings, setting, 2_000_000_000)
    rounds.look(only(kind), NOW)
    assert not Alarm.objects.filter(cleared_at=None).exists()


def test_the_space_for_the_database_is_watched_when_it_is_known(settings: Any) -> None:
    assert database.size(NOW) == []
    settings.DATABASE_DISK_GB, settings.WATCH_DISK_PERCENT = 1, 0
    assert database.size(NOW)[0].wrong


def test_customers_beyond_what_the_contract_includes(cast: Cast, open_alarms: Looked) -> None:
    for who in (MEI, LAN):
        cast.add(who, "cai")
        cast.add(who, "dong")
    Corp.objects.update(contacts_included=1, contact_price_fen=300)
    contacts.count(at=NOW)
    assert open_alarms(NOW)["contacts_cost"] == 1
    assert Alarm.objects.get(kind="contacts_cost").detail["yearly_fen"] == 300
    Corp.objects.update(contacts_included=100)
    assert "contacts_cost" not in open_alarms(NOW)


def test_a_customer_counts_once_and_as_long_as_a_guide_has_her(cast: Cast) -> None:
    cast.add(MEI, "cai")
    cast.add(MEI, "dong")
    cast.tell(MEI, "cai", "guide_del", at=after(minutes=1))
    cast.add(LAN, "cai")
    cast.tell(LAN, "cai", "cust_del", at=after(minutes=1))
    contacts.count(at=NOW)
    assert contacts.costs()[0].contacts == 2, "WeCom goes on listing whom the customer alone has left"
    cast.tell(LAN, "cai", "guide_del", at=after(minutes=2))
    contacts.count(at=NOW)
    assert contacts.costs()[0].contacts == 1
    assert Relation.objects.count() == 3


def test_one_round_in_a_minute_whoever_asks() -> None:
    assert rounds.make(NOW)
    assert not rounds.make(after(seconds=30))
    assert rounds.make(NOW + timedelta(seconds=60))


def test_every_look_has_its_words() -> None:
    from scrm.audit import kinds

    assert set(rounds.LOOKS) <= set(kinds.ALARMS)
