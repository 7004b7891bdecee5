"""Where members joined: the only writer of joinings."""

from collections.abc import Sequence
from datetime import date

from django.db import connection, transaction

from scrm import bulk

WRITE = 'COPY members_joining (member_id, store_id, "on") FROM STDIN'
MOVE = """
UPDATE members_joining j SET "on" = n.day FROM unnest(%s::bigint[], %s::bigint[], %s::date[]) AS n (member, store, day)
WHERE j.member_id = n.member AND j.store_id = n.store
"""


@transaction.atomic
def add(told: Sequence[tuple[int, int, date]]) -> None:
    """Members joined at stores: (member, store, day) each, none of which is known yet."""
    bulk.insert("members_joining", ["member_id", "store_id", "on"], told)


@transaction.atomic
def correct(told: Sequence[tuple[int, int, date]]) -> None:
    """Members joined those stores on these days instead."""
    if told:
        with connection.cursor() as cursor:
            cursor.execute(MOVE, [list(column) for column in zip(*told, strict=True)])
