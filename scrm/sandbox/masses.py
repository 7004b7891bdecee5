"""Mass messages: who has to send what to whom, and what happens when a member confirms (docs 92135, 93338)."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from scrm.sandbox.nouns import MassMessage, Relation, Share
from scrm.sandbox.relations import Impossible
from scrm.sandbox.world import Corp, World

SENT, NOT_FRIEND, FULL = 1, 2, 3
DAYS_31 = 31


def share_out(corp: Corp, mass: MassMessage, rows: Iterable[Relation]) -> None:
    """Each customer goes to one member only: the one who got her last."""
    latest: dict[str, Relation] = {}
    for row in sorted(rows, key=lambda row: (row.createtime, row.seq)):
        latest[row.external_userid] = row
    for row in latest.values():
        share(mass, row.userid).targets[row.external_userid] = 0


def share(mass: MassMessage, userid: str) -> Share:
    """The member's part of the task, made when she has none."""
    return mass.shares.setdefault(userid.lower(), Share(userid))


def confirm(world: World, corp: Corp, mass: MassMessage, userid: str, outcome: int | None = None) -> Share:
    """The member confirms; each target gets it (1), is no friend (2) or has had enough this month (3)."""
    part = mass.shares.get(userid.lower())
    if mass.cancelled or part is None or part.sent_at:
        raise Impossible(f"{userid} has nothing to send of {mass.msgid}")
    part.sent_at = world.clock.seconds()
    month, days = _month(part.sent_at)
    for target in part.targets:
        got = outcome or _fate(corp, part.userid, target, month, days)
        part.targets[target] = got
        corp.received[target, month] += got == SENT
    return part


def _fate(corp: Corp, userid: str, target: str, month: str, days: int) -> int:
    """A customer or group may get as many in a month as the month has days."""
    if target in corp.groups:
        friendly = not corp.groups[target].dismissed
    else:
        relation = corp.relation(userid, target)
        friendly = relation is not None and relation.status == "full"
    if not friendly:
        return NOT_FRIEND
    return FULL if corp.received[target, month] >= days else SENT


def _month(at: int) -> tuple[str, int]:
    """The month in China and how many days it has."""
    day = datetime.fromtimestamp(at, UTC) + timedelta(hours=8)
    following = (day.replace(day=1) + timedelta(days=DAYS_31)).replace(day=1)
    return f"{day:%Y-%m}", (following - day.replace(day=1)).days
