import os
import sys
from typing import Any

from django.core.management.base import BaseCommand

from scrm.demo import supervisor


class Command(BaseCommand):
    help = "Runs the whole product on this machine against a sandbox WeCom, until Ctrl-C."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(supervisor.run(dict(os.environ)))
