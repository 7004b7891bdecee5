"""The report for an audit of personal data, as CSV on standard output."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.dateparse import parse_date

from members.rights import reports
from scrm import clock
from scrm.audit import entries
from scrm.sheets import inert


class Command(BaseCommand):
    help = "Prints consents, requests, reads and exports, and purges of a period; the last two years unless told."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", dest="first", type=parse_date, help="first day, such as 2026-01-01")
        parser.add_argument("--to", dest="last", type=parse_date, help="last day")

    def handle(self, *, first: date | None, last: date | None, **_: Any) -> None:
        now = clock.now()
        today = clock.day_of(now)
        told = reports.read(first or date(today.year - 2, today.month, 1), last or today)
        rows = sum(len(part.rows) for part in told)
        entries.record_export("privacy_report", "members.datarequest", at=now, rows=rows, report="privacy")
        for line in inert.csv_lines(reports.lines(told)):
            self.stdout.write(line, ending="")
