"""Quotas: how often a corp may call an API, counted in the database for all processes."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from scrm.wecom.errors import BackOff
from scrm.wecom.models.calls import per_hour, per_minute

OPEN = """
INSERT INTO wecom_quota (corp_id, api, minute_limit, hour_limit, minute_left, hour_left, refilled_at)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (corp_id, api) DO NOTHING
"""
# The buckets fill evenly; granted is the least of what is asked and what both hold, nothing while WeCom blocks us.
# A full bucket and what flows in while it is emptied are twice the limit, so a call costs two: then no minute and no
# hour, wherever it begins, sees more calls than WeCom allows.
TAKE = """
WITH now AS (
  SELECT id, greatest(refilled_at, %(at)s) AS at, coalesce(blocked_until > %(at)s, false) AS blocked,
         least(minute_limit, minute_left + minute_limit * lapse / 60) AS minute,
         least(hour_limit, hour_left + hour_limit * lapse / 3600) AS hour
  FROM wecom_quota, LATERAL (SELECT greatest(0, extract(epoch FROM %(at)s - refilled_at))) AS l (lapse)
  WHERE corp_id = %(corp)s AND api = %(api)s FOR NO KEY UPDATE OF wecom_quota),
granted AS (
  SELECT *, CASE WHEN blocked THEN 0 ELSE floor(greatest(0, least(%(n)s, minute / 2, hour / 2))) END AS n FROM now)
UPDATE wecom_quota q SET minute_left = g.minute - 2 * g.n, hour_left = g.hour - 2 * g.n, refilled_at = g.at
FROM granted g WHERE q.id = g.id
RETURNING g.n::int, q.blocked_until, q.minute_left, q.hour_left, q.minute_limit, q.hour_limit
"""
BLOCK = """
UPDATE wecom_quota SET blocked_until = greatest(blocked_until, %(until)s) WHERE corp_id = %(corp)s AND api = %(api)s
"""
# The ban lasts as long as the window that was exceeded, which WeCom does not name: refused again right after a pause,
# we pause twice as long, up to the hour. Who was on the way when the pause began makes it no longer.
BAN = """
UPDATE wecom_quota q SET bans = b.n,
    blocked_until = greatest(q.blocked_until, %(at)s + least(%(pause)s * 2 ^ (b.n - 1), 3600) * interval '1 second')
FROM (
    SELECT id, CASE WHEN blocked_until > %(at)s THEN greatest(bans, 1)
                    WHEN blocked_until > %(at)s - interval '2 minutes' THEN least(bans + 1, 7) ELSE 1 END AS n
    FROM wecom_quota WHERE corp_id = %(corp)s AND api = %(api)s FOR UPDATE
) b WHERE q.id = b.id
"""


class Grant(NamedTuple):
    """How many calls may be made now, and from when more."""

    calls: int
    again_at: datetime


def take(corp_pk: int, api: str, *, at: datetime, calls: int = 1) -> Grant:
    """Up to so many calls, fewer when a bucket is nearly empty; raises BackOff when there are none."""
    with connection.cursor() as cursor:
        asked: dict[str, Any] = {"at": at, "corp": corp_pk, "api": api, "n": calls}
        cursor.execute(TAKE, asked)
        row = cursor.fetchone()
        if row is None:
            minute, hour = per_minute(), per_hour()
            cursor.execute(OPEN, [corp_pk, api, minute, hour, minute, hour, at])
            cursor.execute(TAKE, asked)
            row = cursor.fetchone()
    granted, blocked_until, *buckets = row
    again_at = max(at + _until_one(*buckets), blocked_until or at)
    if not granted:
        raise BackOff(api, until=again_at)
    return Grant(granted, again_at)


def _until_one(minute_left: float, hour_left: float, minute_limit: int, hour_limit: int) -> timedelta:
    minute = max(0.0, 2 - minute_left) * 60 / max(1, minute_limit)
    hour = max(0.0, 2 - hour_left) * 3600 / max(1, hour_limit)
    return timedelta(seconds=max(minute, hour, 0.05))


def block(corp_pk: int, api: str, *, until: datetime, at: datetime, is_ban: bool = False) -> None:
    """WeCom refuses this API for a while (nobody knows how long a ban is); processes hear of it by their next call."""
    pause = (until - at).total_seconds()
    asked: dict[str, Any] = {"corp": corp_pk, "api": api, "until": until, "at": at, "pause": pause}
    with connection.cursor() as cursor:
        cursor.execute(BAN if is_ban else BLOCK, asked)
