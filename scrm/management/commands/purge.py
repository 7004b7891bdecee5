"""Removes what is older than its days (docs/data-map.md), as the scheduler does every night."""

from typing import Any

from django.core.management.base import BaseCommand

from scrm import clock
from scrm.keeping import nights


class Command(BaseCommand):
    help = "Remove what is older than the days that it is kept; may be stopped and started again at any time."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, count in nights.pass_over(clock.now()).items():
            self.stdout.write(f"{name.lower():<16}{count:>10}")
