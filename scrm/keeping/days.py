"""How many days each kind of data is kept. No Django here: the settings read it, and refuse what the law forbids."""

from collections.abc import Mapping
from typing import NamedTuple

LOG_DAYS = 180  # the Cybersecurity Law has logs kept for six months at least


class Days(NamedTuple):
    """The default, and the least that production accepts."""

    default: int
    least: int = 1


# Each is a setting KEEP_<NAME>_DAYS.
DAYS = {
    "LETTER_BODIES": Days(30, 7),
    "LETTERS": Days(200, LOG_DAYS),
    "CALL_BODIES": Days(30, 7),
    "CALLS": Days(200, LOG_DAYS),
    "ANSWERS": Days(1),
    "SESSIONS": Days(7),
    "ATTEMPTS": Days(2),
    "SYNC_CHUNKS": Days(14),
    "IMPORT_ROWS": Days(30),
    "COPIES": Days(7),
    "KNOCKS": Days(2),
    "ALARMS": Days(400, LOG_DAYS),
    "AUDIT": Days(1095, LOG_DAYS),
    "CONTACT_COUNTS": Days(1095),
    "EVENTS": Days(730, LOG_DAYS),
    "MARKINGS": Days(200, 31),
    "PUSH_BODIES": Days(30, 7),
    "PUSHES": Days(200),
    "DELIVERIES": Days(400, 31),
    "PACKS": Days(1095, LOG_DAYS),
    "SEGMENT_MOVES": Days(90, 31),  # a segment's page shows thirty days
    "STATISTICS": Days(400, 60),  # the drift report judges five weeks
}


def read(env: Mapping[str, str]) -> tuple[dict[str, int], list[str]]:
    """The days of each kind, and what is wrong with them in words that name the setting."""
    found, problems = {}, []
    for name, days in DAYS.items():
        said = env.get(f"KEEP_{name}_DAYS", "").strip()
        found[name] = int(said) if said.isdecimal() else days.default
        if said and not said.isdecimal():
            problems.append(f"KEEP_{name}_DAYS is not a number of days")
        elif found[name] < days.least:
            why = "the law has logs kept for six months" if days.least == LOG_DAYS else "less would lose what is needed"
            problems.append(f"KEEP_{name}_DAYS is below {days.least}: {why}")
    return found, problems
