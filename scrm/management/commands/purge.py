"""Removes what is older than its days (docs/data-map.md), as the scheduler does every night."""

from typing import Any

from django.core.management.base import BaseCommand

from scrm import clock
from scrm.keeping import purges
from scrm.keeping.rules import RULES


class Command(BaseCommand):
    help = "Remove what is older than the days that it is kept; may be stopped and started again at any time."

    def handle(self, *args: Any, **options: Any) -> None:
        done = purges.run(clock.now())
        for rule in RULES:
            self.stdout.write(f"{rule.name:<16}{rule.days:>6} days {done[rule.name]:>10} rows")
