"""From which age on a person speaks for herself, and the only writer of until when somebody is a minor.

Every birthday that is written down counts (`fields`): told by HQ, a till, a file, the API, or shown by a code. What
somebody typed whom nothing shows to be she is written down only where nobody knows a birthday.
"""

from collections.abc import Mapping
from datetime import date

from django.db import connection

BIRTHDAY = "birthday"  # the key of the field in which birthdays stand
GROWN_UP = 14  # years (PIPL 31)
FOLLOW = """
WITH told AS (SELECT * FROM unnest(%s::bigint[], %s::date[]) AS t (root, until)), hers AS (
    SELECT root AS id, until FROM told
    UNION ALL SELECT m.id, t.until FROM told t JOIN members_member m ON m.same_person_as_id = t.root
)
UPDATE members_member m SET minor_until = h.until FROM hers h
WHERE m.id = h.id AND m.minor_until IS DISTINCT FROM h.until AND m.erased_at IS NULL
"""


def grown_up_on(birthday: date) -> date:
    """Her fourteenth birthday; of a leap day, the first of March."""
    year = birthday.year + GROWN_UP
    try:
        return birthday.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def follow(birthdays: Mapping[int, date]) -> None:
    """These persons, by their surviving members, are minors until they are fourteen."""
    if birthdays:
        with connection.cursor() as cursor:
            cursor.execute(FOLLOW, [list(birthdays), [grown_up_on(day) for day in birthdays.values()]])
