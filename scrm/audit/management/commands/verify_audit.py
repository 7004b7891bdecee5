"""Whether the audit book is what was sealed, day by day."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scrm import clock
from scrm.audit import seals
from scrm.audit.models import Seal

WORDS = {
    "changed": "entry {0.entry} was changed",
    "missing": "entry {0.entry} is missing",
    "added": "entry {0.entry} was added later",
    "digests": "digests are missing",
    "seal": "the seal does not fit the day and the seal before",
}
SHOWN = 20


class Command(BaseCommand):
    help = "Compares the audit book with its chain of daily seals, and names the first day and entry that differ."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="first", type=date.fromisoformat, help="first day, such as 2026-01-31")
        parser.add_argument("--to", dest="last", type=date.fromisoformat, help="last day")
        parser.add_argument("--seal", action="store_true", help="seal the days that have ended first")
        parser.add_argument("--head", help="a head noted elsewhere, as DAY:HEX; the book must still have it")

    def handle(self, *args: Any, first: date | None, last: date | None, **options: Any) -> None:
        if options["seal"]:
            seals.seal(at=clock.now())
        if options["head"]:
            self._expect(*options["head"].split(":", 1))
        found = list(seals.broken(first, last))
        for one in found[:SHOWN]:
            self.stdout.write(f"{one.day}: {WORDS[one.what].format(one)}")
        if found:
            raise CommandError(f"the audit book was touched: {len(found)} breaks, the first on {found[0].day}")
        self._say_well()

    def _expect(self, day: str, head: str) -> None:
        one = Seal.objects.filter(day=date.fromisoformat(day)).first()
        if one is None or bytes(one.head).hex() != head.strip().lower():
            raise CommandError(f"the seal of {day} is not the one that was noted")

    def _say_well(self) -> None:
        newest = Seal.objects.order_by("day").last()
        if newest is None:
            self.stdout.write("no day is sealed yet")
            return
        self.stdout.write(f"the audit book is whole up to {newest.day}; head {bytes(newest.head).hex()}")
