"""The numbers that are watched. All are read from the database, so they hold for any number of processes."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from guides.models import Code
from scrm.audit.models import Alarm
from scrm.dashboard.models import Fill
from scrm.wecom.models import Letter, OutboundCall

OPEN_CALLS = ["planned", "calling", "unknown"]
SET_ASIDE = ["parked", "unknown"]


class Gauges(Collector):
    """What stands waiting, and for how long, at one instant."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield _by("letters", "Letters from WeCom that are not applied", "state", letters())
        yield _one("oldest_waiting_letter_seconds", "Age of the oldest waiting letter", oldest_waiting(self.at))
        welcomes = Letter.objects.filter(welcome=Letter.Welcome.WAITING)
        yield _one("welcomes_waiting", "Welcomes to be said", welcomes.count())
        yield _by("outbound_calls", "Calls to WeCom that have no answer", "state", calls())
        yield _one("codes_unpushed", "Codes that WeCom has not as we want them", Code.objects.unpushed().count())
        yield _by("alarms_open", "Alarms that wait for a person", "kind", alarms())
        yield _one("facts_age_seconds", "Time since the boards' numbers were filled", self._facts_age())

    def _facts_age(self) -> float:
        filled_at = Fill.objects.values_list("filled_at", flat=True).first()
        return (self.at - filled_at).total_seconds() if filled_at else float("nan")


def letters() -> dict[str, int]:
    """How many letters wait, and how many were set aside, each from its partial index."""
    aside = _counted(Letter.objects.filter(state__in=SET_ASIDE), "state")
    return {"waiting": Letter.objects.waiting().count(), **dict.fromkeys(SET_ASIDE, 0), **aside}


def calls() -> dict[str, int]:
    """How many calls to WeCom are planned, under way, or without a known outcome."""
    return dict.fromkeys(OPEN_CALLS, 0) | _counted(OutboundCall.objects.filter(state__in=OPEN_CALLS), "state")


def alarms() -> dict[str, int]:
    """How many alarms of each kind stand open."""
    return _counted(Alarm.objects.filter(cleared_at=None), "kind")


def oldest_waiting(at: datetime) -> float:
    """For how many seconds the oldest waiting letter has been waiting; 0 when none is."""
    received_at = Letter.objects.waiting().order_by("pk").values_list("received_at", flat=True).first()
    return max(0.0, round((at - received_at).total_seconds(), 3)) if received_at else 0.0


def _counted(rows: object, by: str) -> dict[str, int]:
    return dict(rows.order_by().values_list(by).annotate(Count("pk")))  # type: ignore[attr-defined]


def _one(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"zhanggui_{name}", what, value=value)


def _by(name: str, what: str, label: str, values: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"zhanggui_{name}", what, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
