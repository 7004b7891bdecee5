"""A process that folds without end: `python -m tests.segments.folder <instant>`; tests kill it."""

import os
import sys
from contextlib import suppress
from datetime import datetime

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scrm.settings")
    django.setup()
    from members.segments import folds, sets

    at = datetime.fromisoformat(sys.argv[1])
    while True:
        with suppress(sets.Busy):
            folds.fold(at=at)
