"""Examines the installation: what is wrong, and how to mend it. Ends with 1 when something is bad."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from scrm import clock
from scrm.doctor import checks
from scrm.findings import Level, worst
from scrm.wecom.models import Corp

MARKS = {Level.OK: "✓", Level.WARN: "!", Level.BAD: "✗"}


class Command(BaseCommand):
    help = "Check secrets, addresses, ranges, clock, database, keys and queue; say what is wrong and how to mend it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--corp-id", default="", help="only this corp, beside the machine")
        parser.add_argument("--json", action="store_true", help="one JSON document for machines")
        parser.add_argument("--language", default="", help="zh-hans or en, instead of LANGUAGE_CODE")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["corp_id"] and not Corp.objects.filter(corp_id=options["corp_id"]).exists():
            raise CommandError("there is no such corp")
        with translation.override(options["language"] or translation.get_language()):
            found = [self.told(check, corp, options["json"]) for check, corp in checks.rounds(options["corp_id"])]
        if options["json"]:
            self.stdout.write(json.dumps({"worst": worst([Level(one["level"]) for one in found]), "checks": found}))
        if any(one["level"] == Level.BAD for one in found):
            sys.exit(1)

    def told(self, check: checks.Check, corp: Corp | None, silent: bool) -> dict[str, Any]:
        """Makes one check; says what it found as soon as it did."""
        result = checks.examine(check, corp, at=clock.now())
        found = result.finding
        if not silent:
            where = f"[{corp.corp_id}] " if corp else ""
            self.stdout.write(f"{MARKS[found.level]} {where}{check.title}: {found.said}")
            if found.mend:
                self.stdout.write(f"    → {found.mend}")
        return {
            "check": check.name, "corp": corp.corp_id if corp else None, "level": str(found.level),
            "said": str(found.said), "mend": str(found.mend), "facts": found.facts, "seconds": result.seconds,
        }  # fmt: skip
