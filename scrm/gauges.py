"""The numbers that are watched. All are read from the database, so they hold for any number of processes.

docs/operations.md lists them. What is counted over a window is read from the newest rows of a table, which its key
finds; what has been counted since ever PostgreSQL counts itself.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from guides.models import Code
from scrm.audit.models import Alarm, Heartbeat
from scrm.dashboard import contacts
from scrm.dashboard.models import Fill
from scrm.wecom.models import Letter, OutboundCall

OPEN_CALLS = ["planned", "calling", "unknown"]
SET_ASIDE = ["parked", "unknown"]
WINDOW = timedelta(minutes=10)
LOOKED_BACK = 20_000  # rows; a busier window is judged by its newest
TABLES = {
    "wecom_letter": "letters",
    "guides_relationfact": "facts",
    "wecom_outboundcall": "calls",
    "audit_entry": "deeds",
}

WRITTEN = """
SELECT coalesce(parent.relname, t.relname), sum(t.n_tup_ins)::bigint FROM pg_stat_user_tables t
LEFT JOIN pg_inherits i ON i.inhrelid = t.relid LEFT JOIN pg_class parent ON parent.oid = i.inhparent
WHERE coalesce(parent.relname, t.relname) = ANY(%s) GROUP BY 1
"""
APPLIED = """
SELECT event, change_type, state, count(*) FROM (
  SELECT event, change_type, state, received_at FROM wecom_letter ORDER BY id DESC LIMIT %s) AS newest
WHERE received_at > %s GROUP BY 1, 2, 3
"""
CALLED = """
SELECT api, state, coalesce(errcode, 0), count(*) FROM (
  SELECT api, state, errcode, created_at FROM wecom_outboundcall ORDER BY id DESC LIMIT %s) AS newest
WHERE created_at > %s GROUP BY 1, 2, 3
"""
DELAYS = """
SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM handled_at - received_at))
FROM (SELECT handled_at, received_at FROM wecom_letter ORDER BY id DESC LIMIT %s) AS newest
WHERE received_at > %s AND handled_at IS NOT NULL
"""
WELCOMED = """
SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM answered_at - created_at))
FROM (SELECT api, answered_at, created_at FROM wecom_outboundcall ORDER BY id DESC LIMIT %s) AS newest
WHERE created_at > %s AND api = 'externalcontact/send_welcome_msg' AND answered_at IS NOT NULL
"""


class Gauges(Collector):
    """What stands waiting, and for how long, at one instant."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def collect(self) -> Iterator[Metric]:
        yield _by("letters", "Letters from WeCom that are not applied", "state", letters())
        yield _one("oldest_waiting_letter_seconds", "Age of the oldest waiting letter", oldest_waiting(self.at))
        welcomes = Letter.objects.filter(welcome=Letter.Welcome.WAITING)
        yield _one("welcomes_waiting", "Welcomes to be said", welcomes.count())
        yield _by("outbound_calls", "Calls to WeCom that have no answer", "state", calls())
        yield _one("codes_unpushed", "Codes that WeCom has not as we want them", Code.objects.unpushed().count())
        yield _by("alarms_open", "Alarms that wait for a person", "kind", alarms())
        yield _one("facts_age_seconds", "Time since the boards' numbers were filled", self._facts_age())
        yield self._written()
        yield self._windowed("letters_recent", "Letters of ten minutes", ["event", "change", "state"], APPLIED)
        yield self._windowed("calls_recent", "Calls to WeCom of ten minutes", ["api", "state", "errcode"], CALLED)
        yield self._delay("letter_delay_seconds", "From a letter's arrival to its effect, in ten minutes", DELAYS)
        yield self._delay("welcome_delay_seconds", "From a welcome's plan to its answer, in ten minutes", WELCOMED)
        yield self._heartbeats()
        yield from _contacts()

    def _written(self) -> Metric:
        """Rows written since the statistics of PostgreSQL began: they survive restarts of ours."""
        family = CounterMetricFamily("zhanggui_rows_written", "Rows written since ever", labels=["of"])
        with connection.cursor() as cursor:
            cursor.execute(WRITTEN, [list(TABLES)])
            for table, rows in cursor.fetchall():
                family.add_metric([TABLES[table]], rows)
        return family

    def _windowed(self, name: str, what: str, labels: list[str], query: str) -> Metric:
        family = GaugeMetricFamily(f"zhanggui_{name}", what, labels=labels)
        with connection.cursor() as cursor:
            cursor.execute(query, [LOOKED_BACK, self.at - WINDOW])
            for *values, count in cursor.fetchall():
                family.add_metric([str(value) for value in values], count)
        return family

    def _delay(self, name: str, what: str, query: str) -> Metric:
        family = GaugeMetricFamily(f"zhanggui_{name}", what, labels=["quantile"])
        with connection.cursor() as cursor:
            cursor.execute(query, [LOOKED_BACK, self.at - WINDOW])
            for quantile, seconds in zip(("0.5", "0.99"), cursor.fetchone()[0] or (), strict=False):
                family.add_metric([quantile], float(seconds))
        return family

    def _heartbeats(self) -> Metric:
        family = GaugeMetricFamily(
            "zhanggui_heartbeat_age_seconds", "Since a process was seen", labels=["name", "host"]
        )
        for beat in Heartbeat.objects.all():
            family.add_metric([beat.name, beat.host], (self.at - beat.at).total_seconds())
        return family

    def _facts_age(self) -> float:
        filled_at = Fill.objects.values_list("filled_at", flat=True).first()
        return (self.at - filled_at).total_seconds() if filled_at else float("nan")


def _contacts() -> Iterator[Metric]:
    counted = GaugeMetricFamily("zhanggui_contacts", "Customers of a corp that WeCom counts", labels=["corp"])
    cost = GaugeMetricFamily(
        "zhanggui_contacts_yearly_fen", "What those beyond the contract cost a year", labels=["corp"]
    )
    for one in contacts.costs():
        counted.add_metric([one.corp_id], one.contacts)
        if one.yearly_fen is not None:
            cost.add_metric([one.corp_id], one.yearly_fen)
    yield counted
    yield cost


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
