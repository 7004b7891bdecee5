"""Writes docs/data-map.md anew."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from scrm.keeping import holdings


class Command(BaseCommand):
    help = "Write docs/data-map.md from the table of what is kept how long."

    def handle(self, *args: Any, **options: Any) -> None:
        (settings.BASE_DIR / "docs/data-map.md").write_text(holdings.page(), "utf-8")
