"""Connects a corp, one of its apps, and the address at which WeCom delivers that app's letters."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from scrm import clock
from scrm.wecom import corps
from scrm.wecom.client import client_for
from scrm.wecom.door import BadKey
from scrm.wecom.errors import Refused


class Command(BaseCommand):
    help = "Connect a corp and one of its apps; run again, it changes what differs (old keys stay good for 24 hours)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--corp-id", required=True)
        parser.add_argument("--agent-id", required=True, type=int)
        parser.add_argument("--secret", required=True)
        parser.add_argument("--token", required=True, help="Token of the callback settings, 1 to 32 letters and digits")
        parser.add_argument("--aes-key", required=True, help="EncodingAESKey, exactly 43 letters and digits")
        parser.add_argument("--slug", required=True, help="the address will be /wecom/callback/<slug>/")
        parser.add_argument("--api-base-url", default="", help=f"instead of {settings.WECOM_API_BASE_URL}")
        parser.add_argument("--name", default="", help="what people call the corp")
        parser.add_argument("--no-check", action="store_true", help="do not ask WeCom for a token")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = {name: options[name] for name in ("corp_id", "agent_id", "secret", "token", "aes_key", "slug")}
        try:
            receiver = corps.connect(
                **wanted, api_base_url=options["api_base_url"], name=options["name"], at=clock.now()
            )
        except (BadKey, corps.AddressIsTaken, ValueError) as wrong:
            raise CommandError(str(wrong) or type(wrong).__doc__) from None
        if not options["no_check"]:
            self.try_the_secret(receiver)
        self.stdout.write(f"connected {receiver.corp.corp_id} /wecom/callback/{receiver.slug}/")

    def try_the_secret(self, receiver: Any) -> None:
        """Asks WeCom for a token with the new secret."""
        try:
            _ = client_for(receiver.corp, receiver.app).access_token
        except Refused as refused:
            raise CommandError(f"Saved, but WeCom gives no token: errcode {refused.errcode} {refused.errmsg}") from None
