from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from guides import roster
from members import tags
from scrm import clock
from scrm.wecom.models import Corp


class Command(BaseCommand):
    """Reads departments, people, postings and tags of one corp, or of all, from WeCom."""

    help = "Read a corp's departments, people and tags from WeCom"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--corp-id", help="only this corp")

    def handle(self, *args: Any, corp_id: str | None = None, **options: Any) -> None:
        corps = Corp.objects.filter(corp_id=corp_id) if corp_id else Corp.objects.all()
        if not corps:
            raise CommandError("No such corp is connected; see connect_corp.")
        for corp in corps:
            self.stdout.write(f"{corp.corp_id}: reading the roster …")
            if not roster.sync(corp, at=clock.now()):
                raise CommandError(f"{corp.corp_id}: WeCom did not answer in full; nothing was changed.")
            if not tags.read_library(corp, at=clock.now()):
                raise CommandError(f"{corp.corp_id}: the roster is read, the tags could not be.")
            self.stdout.write(f"{corp.corp_id}: done")
