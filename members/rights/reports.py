"""The evidence that an audit of personal data asks for: counts over a period, no names."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from members.models import Consent, DataRequest
from scrm.audit import kinds
from scrm.clock import day_span
from stores.models import Role


@dataclass(frozen=True)
class Part:
    """A table of the report."""

    title: str
    heads: list[str]
    rows: list[list[Any]]


WORDS = """
SELECT c.purpose, coalesce(f.name, ''), c.state, c.source, count(*), count(DISTINCT c.member_id)
FROM members_consent c LEFT JOIN stores_franchisee f ON f.id = c.controller_id
WHERE c.at >= %(since)s AND c.at < %(until)s GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
REQUESTS = """
SELECT kind, count(*), count(*) FILTER (WHERE closed_at IS NULL),
    count(*) FILTER (WHERE (closed_at AT TIME ZONE 'Asia/Shanghai')::date <= due_on),
    count(*) FILTER (WHERE (coalesce(closed_at, %(now)s) AT TIME ZONE 'Asia/Shanghai')::date > due_on),
    count(*) FILTER (WHERE state = 'refused')
FROM members_datarequest WHERE asked_at >= %(since)s AND asked_at < %(until)s GROUP BY 1 ORDER BY 1
"""
# Who looked at, revealed, exported or erased what: by the role that a person holds at present.
DEEDS = """
WITH roles AS (
    SELECT DISTINCT ON (person_id) person_id, role FROM stores_seat
    ORDER BY person_id, ends_at DESC NULLS FIRST, id DESC
)
SELECT coalesce(r.role, nullif(e.system, ''), '—'), e.verb, count(*), coalesce(sum(e.rows), 0),
    count(DISTINCT e.actor_id)
FROM audit_entry e LEFT JOIN roles r ON r.person_id = e.actor_id
WHERE e.at >= %(since)s AND e.at < %(until)s
  AND (e.customer <> '' OR e.verb LIKE '%%.read' OR e.verb LIKE '%%.exported' OR e.verb LIKE '%%reveal%%')
GROUP BY 1, 2 ORDER BY 1, 2
"""
PURGES = "SELECT rule, ran_at, removed, last_removed FROM audit_purge ORDER BY rule"


def read(first: date, last: date) -> list[Part]:
    """The tables of the report over these days, both included."""
    asked = {"since": day_span(first)[0], "until": day_span(last)[1], "now": day_span(last)[1]}
    purpose, state, source = (dict(one.choices) for one in (Consent.Purpose, Consent.State, Consent.Source))
    kind, roles = dict(DataRequest.Kind.choices), dict(Role.choices)
    words = [[purpose[p], c or _("brand"), state[s], source[o], n, m] for p, c, s, o, n, m in _ask(WORDS, asked)]
    counts = [[kind[k], *rest] for k, *rest in _ask(REQUESTS, asked)]
    return [
        Part(
            _("Consents"),
            [_("Purpose"), _("Controller"), _("Said"), _("Source"), _("Words"), _("Customers")],
            words,
        ),
        Part(
            _("Requests about data"),
            [_("Kind"), _("Asked"), _("Open"), _("In time"), _("Late"), _("Refused")],
            counts,
        ),
        Part(
            _("Who looked at and took away customers' data"),
            [_("Role"), _("Deed"), _("Times"), _("Rows"), _("People")],
            [[roles.get(role, role), kinds.sentence(verb), *rest] for role, verb, *rest in _ask(DEEDS, asked)],
        ),
        Part(
            _("What was removed when its time was up"),
            [_("Rule"), _("Last run"), _("Removed in all"), _("Removed last time")],
            [[rule, f"{ran:%Y-%m-%d %H:%M}" if ran else "", n, k] for rule, ran, n, k in _ask(PURGES, asked)],
        ),
    ]


def lines(parts: list[Part]) -> Iterator[list[Any]]:
    """The report as one table."""
    for part in parts:
        yield [part.title]
        yield part.heads
        yield from part.rows
        yield []


def _ask(sql: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, asked)
        return list(cursor.fetchall())
