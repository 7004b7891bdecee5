"""Lines of uploaded files about people who are forgotten: their texts and answers go at once, before their time."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection

from scrm.ids import sql_array

LINES = """
UPDATE imports_importrow SET cells = NULL, said = NULL
WHERE (cells IS NOT NULL OR said IS NOT NULL) AND thing IN (
    SELECT public_id FROM members_member WHERE id = ANY(%(members)s::bigint[])
    UNION SELECT public_id FROM members_order WHERE member_id = ANY(%(members)s::bigint[]))
"""


def erase(members: Collection[int], at: datetime) -> dict[str, int]:
    """Lines that made or changed these customers and their orders."""
    with connection.cursor() as cursor:
        cursor.execute(LINES, {"members": sql_array(members)})
        return {"lines of files": cursor.rowcount} if cursor.rowcount else {}
