"""However calls are asked for, no minute and no hour sees more of them than WeCom allows."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scrm.wecom import quotas
from scrm.wecom.errors import BackOff
from scrm.wecom.models import Quota, Receiver
from tests.wecom.conftest import NOW

pytestmark = pytest.mark.django_db
A_MINUTE, AN_HOUR = 40, 90
asked = st.lists(st.tuples(st.floats(0, 400), st.integers(1, 60)), min_size=1, max_size=60)


@given(asked)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_window_sees_more_calls_than_its_limit(receiver: Receiver, asked: list[tuple[float, int]]) -> None:
    Quota.objects.all().delete()
    Quota.objects.create(
        corp=receiver.corp, api="api", minute_limit=A_MINUTE, hour_limit=AN_HOUR, minute_left=A_MINUTE,
        hour_left=AN_HOUR, refilled_at=NOW,
    )  # fmt: skip
    second, made = 0.0, []
    for pause, calls in asked:
        second += pause
        try:
            granted = quotas.take(receiver.corp_id, "api", at=NOW + timedelta(seconds=second), calls=calls).calls
        except BackOff:
            granted = 0
        made.append((second, granted))
    for window, limit in ((60, A_MINUTE), (3600, AN_HOUR)):
        assert all(sum(n for at, n in made if start <= at < start + window) <= limit for start, _ in made)


def test_a_bucket_is_never_overdrawn(receiver: Receiver) -> None:
    with pytest.raises(BackOff) as full:
        _take_for_ever(receiver.corp_id)
    assert full.value.until > NOW
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(minute_left), min(hour_left) FROM wecom_quota")
        left: Any = cursor.fetchone()
    assert min(left) >= 0


def _take_for_ever(corp: int) -> None:
    while quotas.take(corp, "api", at=NOW, calls=7):
        pass


def banned(receiver: Receiver, at: datetime) -> float:
    """WeCom refuses a call at that instant; for how many seconds we pause from then on."""
    quotas.block(receiver.corp_id, "api", until=at + timedelta(minutes=1), at=at, is_ban=True)
    until = Quota.objects.get(api="api").blocked_until
    assert until
    return (until - at).total_seconds()


def test_a_ban_of_an_hour_is_not_asked_about_each_minute(receiver: Receiver) -> None:
    """WeCom does not say how long it bans: each refusal right after a pause doubles the next one, up to the hour."""
    quotas.take(receiver.corp_id, "api", at=NOW)
    at, pauses = NOW, []
    for _ in range(8):
        pauses.append(banned(receiver, at))
        at += timedelta(seconds=pauses[-1] + 1)
    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert banned(receiver, at + timedelta(minutes=5)) == 60  # calls went well in between


def test_calls_that_were_on_the_way_make_a_ban_no_longer(receiver: Receiver) -> None:
    quotas.take(receiver.corp_id, "api", at=NOW)
    assert [banned(receiver, NOW + timedelta(seconds=s)) for s in (0, 1, 2)] == [60, 60, 60]
