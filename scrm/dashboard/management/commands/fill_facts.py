"""Fills the facts from the ledgers, day by day, with progress."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from scrm import clock
from scrm.dashboard import facts


class Command(BaseCommand):
    help = "Fills the boards' facts from the ledgers: all of them, or those of some days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="first", type=date.fromisoformat, help="first day, as 2026-01-31")
        parser.add_argument("--to", dest="last", type=date.fromisoformat, help="last day, included; today if left out")

    def handle(self, *, first: date | None, last: date | None, **options: Any) -> None:
        at = clock.now()
        last = last or clock.day_of(at)
        if first is None:
            facts.fill_all(at=at, told=self.tell)
        elif first > last:
            raise CommandError("--from is after --to")
        else:
            facts.fill(clock.days(first, last), at=at, told=self.tell)
        self.stdout.write("the facts are filled")

    def tell(self, first: date, last: date) -> None:
        self.stdout.write(f"· {first} – {last}")
        self.stdout.flush()
