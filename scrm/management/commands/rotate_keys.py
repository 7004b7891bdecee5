"""Seals everything with the first of FIELD_KEYS, so that the older ones may go (docs/operations.md)."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from members import reindexing
from scrm import sealed
from scrm.keeping import rotations


class Command(BaseCommand):
    help = "Seal and index everything with the first of FIELD_KEYS; may be stopped and started again at any time."

    def handle(self, *args: Any, **options: Any) -> None:
        keys = [key.hex() for key in sealed.key_ids()]
        if len(keys) < 2:
            raise CommandError("FIELD_KEYS has one key: put the new one in front of it and start web and workers first")
        for column in rotations.columns():
            self._say(column.place, sum(rotations.reseal(column)))
        for table in reindexing.TABLES:
            self._say(f"{table} (index)", sum(reindexing.reindex(table)))
        if left := rotations.left():
            told = ", ".join(f"{count} of {place}" for place, count in left.items())
            raise CommandError(f"older keys are still needed: {told}. Are all processes started with the new key?")
        self.stdout.write(f"✓ all is sealed with key {keys[0]}")
        named = ", ".join(f"no. {n} ({key})" for n, key in enumerate(keys[1:], 2))
        moved = "move it" if len(settings.FIELD_KEYS) == 2 else "move them"
        self.stdout.write(f"→ {named} of FIELD_KEYS opens nothing any more: {moved} to RETIRED_KEYS")

    def _say(self, place: str, count: int) -> None:
        if count:
            self.stdout.write(f"{place:<40}{count:>12,}")
