"""One night's purge: the rules, the lines of imports, the months of the audit book."""

from datetime import datetime, timedelta

from django.conf import settings

from members import months as event_months
from members.segments import packs
from scrm import clock
from scrm.audit import months
from scrm.imports import uploads
from scrm.keeping import purges


def pass_over(at: datetime) -> dict[str, int]:
    """How much of each kind went."""
    done = purges.run(at)
    before = at - timedelta(days=settings.KEEP_DAYS["IMPORT_ROWS"])
    done["IMPORT_ROWS"] = uploads.forget(before=before, at=at)
    done["PACK_SALTS"] = packs.forget_salts(at=at)
    months.prepare(at=at)
    oldest = clock.day_of(at) - timedelta(days=settings.KEEP_DAYS["AUDIT"])
    event_months.prepare(at=at)
    done["EVENTS"] = len(event_months.drop(clock.day_of(at) - timedelta(days=settings.KEEP_DAYS["EVENTS"]), at=at))
    done["AUDIT"] = len(months.drop(oldest, at=at))
    return done
