"""Whether a restored database is whole: schema, safety, keys, ledger, audit book; and what it cannot hold."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

from guides import bindings, ledger
from guides.models import RelationFact
from scrm import clock, footing, health, sealed
from scrm.audit import seals
from scrm.wecom import calls
from scrm.wecom.models import Letter
from scrm.wecom.models.letters import BODY

SAMPLE = 500  # newest rows of each kind
AUDITED = timedelta(days=30)
ROWS = "SELECT relname, reltuples::bigint FROM pg_class WHERE relname = ANY(%s)"
TABLES = [
    "wecom_letter",
    "wecom_outboundcall",
    "guides_relationfact",
    "guides_relation",
    "members_member",
    "audit_entry",
]


class Command(BaseCommand):
    help = "Check a restored database before web and workers are started on it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--restored",
            action="store_true",
            help="calls that stood open in the backup may have been made since: look each up before it is repeated",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        missing = health.unapplied()
        if missing:
            raise CommandError(f"{len(missing)} migrations to apply: run manage.py migrate first")
        found = [*footing.problems(), *closed_values(), *wrong_relations(), *broken_days()]
        for why in found:
            self.stdout.write(f"✗ {why}")
        if options["restored"]:
            self.stdout.write(f"· {calls.doubt_all()} open calls are looked up before they are repeated")
        self._say_what_is_there()
        if found:
            raise CommandError(f"{len(found)} things are wrong")
        self.stdout.write("✓ schema, keys, relations and audit book are whole")

    def _say_what_is_there(self) -> None:
        for table in TABLES:
            self.stdout.write(f"· {table:<24}{counted(table):>14,} rows")
        newest = Letter.objects.order_by("-pk").values_list("received_at", flat=True).first()
        self.stdout.write(f"· the newest letter is of {newest:%Y-%m-%d %H:%M:%S %Z}" if newest else "· no letters yet")
        self.stdout.write("→ what WeCom said since is not here: run manage.py sync_corp, then read the drift report")


def closed_values() -> Iterator[str]:
    """Sealed values that none of FIELD_KEYS opens, among the newest of each column."""
    for model in apps.get_models():
        names = [field.name for field in model._meta.fields if isinstance(field, sealed.SealedField)]
        for name in names:
            try:
                list(model._base_manager.order_by("-pk").values_list(name, flat=True)[:SAMPLE])
            except sealed.CannotOpen as why:
                yield f"{model._meta.db_table}.{name} cannot be opened: {why}; are these the FIELD_KEYS of then?"
    for letter in Letter.objects.exclude(body=b"").order_by("-pk")[:SAMPLE]:
        try:
            letter.xml()
        except sealed.CannotOpen as why:
            yield f"{BODY} of letter {letter.pk} cannot be opened: {why}"
            return


def wrong_relations() -> Iterator[str]:
    """Members whose relations are not what their facts say, among those whom the newest facts are about."""
    newest = RelationFact.objects.order_by("-pk").values_list("member_id", flat=True)[: SAMPLE * 10]
    members = sorted(set(newest))[:SAMPLE]
    with transaction.atomic():
        before = ledger.read(members)
        bindings.derive(members, now=clock.now())
        after = ledger.read(members)
        transaction.set_rollback(True)
    for member in members:
        if before.rows_of(member) != after.rows_of(member):
            yield f"the relations of member {member} are not what their facts say"


def broken_days() -> Iterator[str]:
    """Days of the audit book that are not what was sealed."""
    today = clock.day_of(clock.now())
    for one in seals.broken(today - AUDITED, today):
        yield f"audit book, {one.day}: {one.what}"


def counted(table: str) -> int:
    """Rows of a table: counted, or where they are millions as PostgreSQL estimates."""
    with connection.cursor() as cursor:
        cursor.execute(ROWS, [[table]])
        estimated = int(cursor.fetchone()[1])
        if estimated > 1_000_000:
            return estimated
        cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")
        return int(cursor.fetchone()[0])
