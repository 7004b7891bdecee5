"""Alarms that others sound when something fails, and how to see that their cause is gone."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

import structlog

from guides.models import Code
from scrm.audit import alarms
from scrm.audit.models import Alarm
from scrm.wecom.inbox import outline
from scrm.wecom.models import App, Letter, OutboundCall

log = structlog.get_logger()

QUIET_FOR = timedelta(hours=1)
LOOKED_BACK = 20_000  # calls; no index finds them by API
Gone = Callable[[Sequence[Alarm], datetime], Iterable[Alarm]]


def end_those_that_are_gone(at: datetime) -> int:
    """How many alarms were ended."""
    ended = 0
    for kind, gone in GONE.items():
        standing = list(Alarm.objects.filter(kind=kind, cleared_at=None).order_by("pk")[:5000])
        try:
            over = [alarm.pk for alarm in gone(standing, at)] if standing else []
        except Exception as error:
            log.error("watch.cause.failed", kind=kind, error=outline(error))
            continue
        ended += alarms.clear(Alarm.objects.filter(pk__in=over), at=at) if over else 0
    return ended


def unparked(standing: Sequence[Alarm], at: datetime) -> Iterable[Alarm]:
    """The letter was applied since, waits again, or is no longer kept."""
    asked = [int(alarm.subject) for alarm in standing if alarm.subject.isdecimal()]
    parked = {str(pk) for pk in Letter.objects.parked().filter(pk__in=asked).values_list("pk", flat=True)}
    return [alarm for alarm in standing if alarm.subject not in parked]


def let_in(standing: Sequence[Alarm], at: datetime) -> Iterable[Alarm]:
    """WeCom has given the app a token since."""
    refused = {f"app {pk}" for pk in App.objects.filter(token_failures__gt=0).values_list("pk", flat=True)}
    return [alarm for alarm in standing if alarm.subject not in refused]


def accepted(standing: Sequence[Alarm], at: datetime) -> Iterable[Alarm]:
    """The code leads to somebody again, and WeCom took it."""
    asked = [alarm.subject for alarm in standing]
    ill = set(Code.objects.filter(public_id__in=asked).exclude(trouble="").values_list("public_id", flat=True))
    return [alarm for alarm in standing if alarm.subject not in ill]


def mended(standing: Sequence[Alarm], at: datetime) -> Iterable[Alarm]:
    """Quiet for an hour, and a later call of the same API was done."""
    quiet = {int(a.detail.get("call", 0)): a for a in standing if at - a.last_at >= QUIET_FOR}
    apis = dict(OutboundCall.objects.filter(pk__in=quiet).values_list("pk", "api"))
    newest = OutboundCall.objects.order_by("-pk").values("pk", "api", "state")[:LOOKED_BACK] if quiet else ()
    done: dict[str, int] = {}
    for call in newest:
        if call["state"] == OutboundCall.State.DONE:
            done.setdefault(call["api"], call["pk"])
    return [alarm for pk, alarm in quiet.items() if done.get(apis.get(pk, ""), 0) > pk]


def long_quiet(standing: Sequence[Alarm], at: datetime) -> Iterable[Alarm]:
    """Each tells of one event; after a day without another one it needs nobody any more."""
    return [alarm for alarm in standing if at - alarm.last_at >= timedelta(days=1)]


GONE: dict[str, Gone] = {
    "wecom.letter.parked": unparked,
    "wecom.token.refused": let_in,
    "wecom.call.needs_fix": mended,
    "wecom.welcome.not_composed": long_quiet,
    "code_without_guide": accepted,
    "code_refused": accepted,
    "unknown_state": long_quiet,
    "campaigns.picture_missing": long_quiet,
}
