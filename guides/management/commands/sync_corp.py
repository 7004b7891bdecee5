import logging
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from guides import progress, syncs
from guides.models import Sync
from scrm import clock
from scrm.wecom.models import Corp

REST = 1.0  # seconds between looks while WeCom has us wait
EVERY = 5.0  # seconds between two lines of a phase
PARTIAL = {
    Sync.State.PARTIAL: "the sync is incomplete: what could be read is in, nothing was ended",
    Sync.State.REFUSED: "WeCom refused everything; nothing was changed",
}


class Command(BaseCommand):
    """Brings in all that WeCom knows of one corp, or of all, here and now; goes on with a sync that runs already."""

    help = "Read a corp's departments, people, tags, customers, groups and codes from WeCom"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--corp-id", help="only this corp")

    def handle(self, *args: Any, corp_id: str | None = None, **options: Any) -> None:
        if sys.stderr.isatty():  # a person watches: the lines about phases say it all
            logging.getLogger("guides").setLevel(logging.WARNING)
        corps = (
            Corp.objects.filter(corp_id=corp_id)
            if corp_id
            else Corp.objects.filter(apps__isnull=False).distinct().order_by("pk")
        )
        if not corps:
            raise CommandError("No such corp is connected; see connect_corp.")
        with translation.override("en"):
            incomplete = [wrong for corp in corps if (wrong := self._sync(corp))]
        if incomplete:
            raise CommandError("\n".join(incomplete))

    def _sync(self, corp: Corp) -> str:
        """What is wrong afterwards, in a sentence; empty when all was read."""
        sync = syncs.begin(corp, cause=Sync.Cause.COMMAND, at=clock.now())
        self.stdout.write(f"{corp.corp_id}: sync {sync.public_id} since {sync.started_at:%F %H:%M:%S %Z}")
        try:
            self._drive(sync)
        except KeyboardInterrupt:
            self.stdout.write(f"{corp.corp_id}: stopped; the same command goes on where this one ended")
            sys.exit(130)
        lines = progress.lines(sync, at=clock.now())
        wrong = [f"  {line.name}: WeCom says {line.errcode}. {line.remedy}" for line in lines if line.remedy]
        wrong += [f"  {line.name}: {line.shrunk:,} are listed no longer; say on the sync page if that is right."
                  for line in lines if line.shrunk]  # fmt: skip
        self.stdout.write(f"{corp.corp_id}: {sync.state}")
        what = PARTIAL.get(sync.state, "complete, but something needs a person" if wrong else "")  # type: ignore[call-overload]
        return "\n".join([f"{corp.corp_id}: {what}", *wrong]) if what else ""

    def _drive(self, sync: Sync) -> None:
        told: dict[str, tuple[str, float]] = {}
        while sync.state == Sync.State.RUNNING:
            went = syncs.go_on(sync, clock.now)
            sync.refresh_from_db()
            self._tell(sync, told)
            if not went:
                time.sleep(REST)

    def _tell(self, sync: Sync, told: dict[str, tuple[str, float]]) -> None:
        """A line for each phase that ended, and every few seconds for the one that runs."""
        for line in progress.lines(sync, at=clock.now()):
            state, when = told.get(line.name, ("waiting", 0.0))
            if line.state != state or (line.state == "running" and time.monotonic() - when > EVERY):
                self.stdout.write(progress.sentence(line))
                self.stdout.flush()
                told[line.name] = line.state, time.monotonic()
