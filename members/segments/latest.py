"""A kept set as of this instant: of whom something was noted since the last fold, whoever asks must ask the rows."""

from datetime import datetime

from pyroaring import BitMap

from members.models import Changed, Terms
from members.segments import families, sets
from members.segments.families import PERSON, Family
from scrm.clock import day_of

FEW = 20_000  # so many whom news wait for are asked about by themselves; of more, everybody is


def kept(family: Family, key: int, *, at: datetime) -> tuple[BitMap, BitMap] | None:
    """The set, and the members of whom it may be wrong; None while it says too little, as after midnight, or
    when new terms came into force."""
    waiting = _waiting(family)  # before the set is looked at: a fold between the two then does no harm
    engine = sets.present()
    if waiting is None or engine.folded_at is None or engine.day != day_of(at):
        return None
    if Terms.objects.filter(valid_from__gt=engine.folded_at, valid_from__lte=at).exists():
        return None
    found = sets.SHELF.sets([(family.name, key)], engine)[family.name, key]
    return found, waiting | families.circles(waiting)


def _waiting(family: Family) -> BitMap | None:
    """Of whom something was noted that this family hears; None where these are many, or everybody."""
    rows = Changed.objects.filter(what__in=family.hears | {PERSON}).values_list("member_id", flat=True)
    noted = list(rows[: FEW + 1])
    return None if 0 in noted or len(noted) > FEW else BitMap(noted)
