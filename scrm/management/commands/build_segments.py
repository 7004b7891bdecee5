"""Makes the sets of segments anew from the rows, or proves that they are what the rows say."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from members.segments import builds
from scrm import clock


class Command(BaseCommand):
    help = "Build the sets by which segments are counted anew from the rows; the worker waits meanwhile."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing: compare each set with the rows")

    def handle(self, *args: Any, **options: Any) -> None:
        at = clock.now()
        if not options["check"]:
            return print(f"{builds.rebuild_all(at=at)} sets built")
        if found := builds.differences(at=at):
            wrong = ", ".join(f"{family}:{key} ({people})" for (family, key), people in sorted(found.items()))
            raise CommandError(f"other than the rows say (set, people): {wrong}")
        print("every set is what the rows say")
