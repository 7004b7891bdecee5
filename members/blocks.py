"""Ids that say nothing about who somebody is: the only writer of blocked values.

A shop's own phone, a guide's, a number for trials, or whatever so many customers claim that it cannot be one person's.
"""

import re
from collections.abc import Iterable

from members.models import BlockedValue
from members.values import PHONE

TRIALS = {"+8613800138000", "+8613900139000", "+8613800000000", "+8613812345678"}
RUN = re.compile(r"(\d)\1{7}$")  # eight times the same digit at the end

Key = tuple[str, str, str]  # kind, app, value


def is_for_trials(kind: str, plain: str) -> bool:
    """Whether people type this number where they have none."""
    return kind == PHONE and (plain in TRIALS or RUN.search(plain) is not None)


def words_on(keys: Iterable[Key]) -> dict[Key, bool]:
    """Of those of these ids of which the table says something: whether they are blocked."""
    wanted = set(keys)
    rows = BlockedValue.objects.filter(value__in={value for _kind, _app, value in wanted})
    found = {
        (kind, app, value): blocks for kind, app, value, blocks in rows.values_list("kind", "app", "value", "blocks")
    }
    return {key: blocks for key, blocks in found.items() if key in wanted}
