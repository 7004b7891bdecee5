"""A brand of any size, for benches and trials."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scrm import clock
from scrm.generate import brands


class Command(BaseCommand):
    help = (
        "Generates a brand with stores, guides, customers and their history, set by set, into an empty database. "
        "Broken off, the same command goes on where it was; finished, it prints the logins again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--stores", type=int, required=True)
        parser.add_argument("--guides", type=int, required=True)
        parser.add_argument("--members", type=int, required=True)
        parser.add_argument("--orders", type=int, default=0, help="what they bought in these days (default 0)")
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same brand (default 1)")
        parser.add_argument("--days", type=int, default=120, help="how long ago the first customer came (default 120)")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = {name: options[name] for name in ("stores", "guides", "members", "orders", "seed", "days")}
        self._check(asked)
        try:
            brands.generate(brands.Size(**asked), at=clock.now(), told=lambda p: self.stdout.write(str(p)))
        except brands.NotEmpty as why:
            raise CommandError("this database holds a brand already; generate_brand wants an empty one") from why
        except brands.AnotherBrand as why:
            raise CommandError(f"this database holds a generated brand of other measures ({why})") from why
        for login in brands.logins():
            self.stdout.write(" ".join(("login", *login)))

    def _check(self, asked: dict[str, int]) -> None:
        least = {"stores": 1, "guides": asked["stores"], "members": 0, "orders": 0, "seed": 0, "days": 1}
        most = {"stores": 100_000, "guides": 1_000_000, "members": 100_000_000, "orders": 10**9, "seed": 2**40}
        most["days"] = 800
        for name, value in asked.items():
            if not least[name] <= value <= most[name]:
                raise CommandError(f"--{name} must be from {least[name]:,} to {most[name]:,}")
