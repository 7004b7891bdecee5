"""What may be wrong between WeCom and us: letters, welcomes, quotas, tokens, silence."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F

from scrm import clock
from scrm.watch.sights import Sight, measured
from scrm.wecom.models import App, Letter, Quota

LATE_WINDOW = timedelta(minutes=10)
LOOKED_BACK = 20_000  # letters; no index finds expired welcomes
ENOUGH_LETTERS, MOST_LETTERS = 20, 200  # by which the usual pace is known
USUAL_PAUSES = 20  # of chance alone, so long a silence comes once in e^20
LONGEST_SPAN = 30  # days


def old_letters(at: datetime) -> list[Sight]:
    """Letters that nobody has tried for long: the workers are down, or too few."""
    untried = Letter.objects.waiting().filter(attempts=0).order_by("pk").values_list("received_at", flat=True).first()
    waited = (at - untried).total_seconds() if untried else 0.0
    limit = settings.WATCH_INBOX_SECONDS
    return measured("inbox", waited, limit=limit, until=limit / 3)


def late_welcomes(at: datetime) -> list[Sight]:
    """Welcomes of the last minutes that came too late for WeCom's twenty seconds."""
    newest = Letter.objects.order_by("-pk").values("welcome", "received_at")[:LOOKED_BACK]
    expired = sum(
        row["welcome"] == Letter.Welcome.EXPIRED and row["received_at"] > at - LATE_WINDOW for row in newest.iterator()
    )
    return measured("welcomes", expired, limit=settings.WATCH_LATE_WELCOMES, until=1)


def low_quotas(at: datetime) -> Iterator[Sight]:
    """APIs whose calls of this hour are nearly used up."""
    limit = 100 - settings.WATCH_QUOTA_LEFT_PERCENT
    for quota in Quota.objects.filter(hour_left__lt=F("hour_limit") / 2).select_related("corp"):
        passed = max(0.0, (at - quota.refilled_at).total_seconds())
        left = min(quota.hour_limit, quota.hour_left + quota.hour_limit * passed / 3600)
        used = 100 - 100 * left / max(1, quota.hour_limit)
        yield from measured(_of(quota), used, limit=limit, until=limit - 20, per_hour=quota.hour_limit)


def blocked_apis(at: datetime) -> Iterator[Sight]:
    """APIs that WeCom refuses for a while."""
    just_now = at - timedelta(minutes=2)
    for quota in Quota.objects.filter(blocked_until__gt=just_now).select_related("corp"):
        until: Any = quota.blocked_until
        yield Sight(_of(quota), until > at, {"until": until.isoformat()})


def closed_apps(at: datetime) -> Iterator[Sight]:
    """Apps that ask for no token at the moment, since WeCom refused it several times."""
    for app in App.objects.filter(closed_until__gt=at).select_related("corp"):
        until: Any = app.closed_until
        yield Sight(f"{app.corp.corp_id} {app.agent_id}", True, {"errcode": app.token_errcode, "until": str(until)})


def silence(at: datetime) -> Iterator[Sight]:
    """No letter for much longer than usual while shops are open: the callback may be switched off."""
    newest = list(Letter.objects.order_by("-pk").values_list("received_at", flat=True)[:MOST_LETTERS])
    if len(newest) < ENOUGH_LETTERS or not _open(at):
        return
    pause = open_seconds(newest[-1], newest[0]) / len(newest)
    limit = max(settings.WATCH_SILENCE_MINUTES * 60, USUAL_PAUSES * pause)
    silent = open_seconds(newest[0], at)
    yield from measured("letters", silent / 60, limit=limit / 60, until=limit / 60, last=newest[0].isoformat())


def open_seconds(since: datetime, until: datetime) -> float:
    """The business time between two instants, of the last days only."""
    since = max(since, until - timedelta(days=LONGEST_SPAN))
    opens, closes = _hours()
    total = 0.0
    for day in clock.days(clock.day_of(since), clock.day_of(until)):
        midnight = clock.start_of(day)
        first, last = midnight + timedelta(hours=opens), midnight + timedelta(hours=closes)
        total += max(0.0, (min(last, until) - max(first, since)).total_seconds())
    return total


def _open(at: datetime) -> bool:
    opens, closes = _hours()
    return bool(opens <= at.astimezone(clock.SHANGHAI).hour < closes)


def _hours() -> tuple[int, int]:
    """From which hour until which; what cannot be read counts as the whole day (production refuses it)."""
    return settings.WATCH_OPENING_HOURS or (0, 24)


def _of(quota: Quota) -> str:
    return f"{quota.corp.corp_id} {quota.api}"
