"""manage.py sandbox: the sandbox WeCom."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand

from scrm.sandbox.command import add_arguments, serve


class Command(BaseCommand):
    """Thin: the flags and the work are in scrm.sandbox.command."""

    help = "Runs a sandbox WeCom: its API, its callbacks and its control calls."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        serve(options)
