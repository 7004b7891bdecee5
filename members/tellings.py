"""Which ids a franchisee's own stores told: the only writer of tellings.

A franchisee's people read of a customer what WeCom says of their friends and what their own stores told; what another
house told, such as the phone at its till, only while she allows that it is shared.
"""

from collections.abc import Collection, Sequence

from django.db import connection, transaction

from members import recognitions
from members.recognitions import Told
from scrm.ids import sql_array
from stores.models import Contract

WRITE = """
INSERT INTO members_telling (identity_id, store_id)
SELECT DISTINCT * FROM unnest(%s::bigint[], %s::bigint[]) n (identity, store) ORDER BY 1, 2 ON CONFLICT DO NOTHING
"""


@transaction.atomic(savepoint=False)
def note(told: Sequence[tuple[Told, int | None]]) -> None:
    """What each of these stores told; of stores that nobody but the brand ever ran nothing is noted."""
    theirs = _of_franchisees({store for _one, store in told if store})
    heard = [(one, store) for one, store in told if store in theirs]
    rows = recognitions.rows_of([one for one, _store in heard]) if heard else []
    pairs = [(row, store) for (_one, store), some in zip(heard, rows, strict=True) for row in some]
    if pairs:
        columns = zip(*pairs, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(WRITE, [sql_array(column) for column in columns])  # type: ignore[arg-type]


def _of_franchisees(stores: Collection[int]) -> set[int]:
    if not stores:
        return set()
    return set(Contract.objects.filter(store__in=stores).values_list("store_id", flat=True))
