"""One night's purge: the rules, the lines of imports, the months of the audit book."""

from datetime import datetime, timedelta

from django.conf import settings

from scrm import clock
from scrm.audit import months
from scrm.imports import uploads
from scrm.keeping import purges


def pass_over(at: datetime) -> dict[str, int]:
    """How much of each kind went."""
    done = purges.run(at)
    before = at - timedelta(days=settings.KEEP_DAYS["IMPORT_ROWS"])
    done["IMPORT_ROWS"] = uploads.forget(before=before, at=at)
    months.prepare(at=at)
    oldest = clock.day_of(at) - timedelta(days=settings.KEEP_DAYS["AUDIT"])
    done["AUDIT"] = len(months.drop(oldest, at=at))
    return done
