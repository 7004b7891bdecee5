"""Connects a corp, one of its apps, and the address at which WeCom delivers that app's letters."""

import getpass
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from guides import syncs
from guides.models import Sync
from scrm import clock
from scrm.connect import steps
from scrm.connect.forms import ProofForm
from scrm.findings import Level
from scrm.wecom import corps
from scrm.wecom.client import client_for
from scrm.wecom.door import BadKey
from scrm.wecom.errors import Refused
from scrm.wecom.models import Corp, Receiver

NEEDED = ("corp_id", "agent_id", "secret", "token", "aes_key", "slug")
LOOKS_EVERY = 2.0  # seconds
WAITS_FOR = timedelta(minutes=15)
rest = time.sleep
MARKS = {Level.OK: "✓", Level.WARN: "…", Level.BAD: "✗"}


class Command(BaseCommand):
    help = "Connect a corp and one of its apps; run again, it changes what differs (old keys stay good for 24 hours)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--interactive", action="store_true", help="ask step by step, and check each step")
        parser.add_argument("--corp-id")
        parser.add_argument("--agent-id", type=int)
        parser.add_argument("--secret")
        parser.add_argument("--token", help="Token of the callback settings, 1 to 32 letters and digits")
        parser.add_argument("--aes-key", help="EncodingAESKey, exactly 43 letters and digits")
        parser.add_argument("--slug", help="the address will be /wecom/callback/<slug>/")
        parser.add_argument("--api-base-url", default="", help=f"instead of {settings.WECOM_API_BASE_URL}")
        parser.add_argument("--base-url", default="", help="our public address, where BASE_URL is not set")
        parser.add_argument("--name", default="", help="what people call the corp")
        parser.add_argument("--no-check", action="store_true", help="do not ask WeCom for a token")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["interactive"]:
            return Talk(self, options).lead()
        if missing := [f"--{name.replace('_', '-')}" for name in NEEDED if options[name] is None]:
            raise CommandError(f"the following arguments are required: {', '.join(missing)}; or use --interactive")
        wanted = {name: options[name] for name in NEEDED}
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


class Talk:
    """The guided page as a conversation; it may be broken off, and begun again where it ended."""

    def __init__(self, command: BaseCommand, options: dict[str, Any]) -> None:
        self.out, self.options = command.stdout, options
        self.case: steps.Case

    def lead(self) -> None:
        """Through all steps; every step that stands already is passed by."""
        try:
            self._through()
        except (EOFError, KeyboardInterrupt):
            raise CommandError("Broken off; what was said is kept. The same command goes on from there.") from None
        self.out.write(f"\nconnected {self.case.corp.corp_id} /wecom/callback/{self._receiver().slug}/")

    def _through(self) -> None:
        self.case = steps.case_of(self._corp(), self.options["base_url"].rstrip("/"))
        for number, step in enumerate(steps.STEPS, 1):
            self.out.write(f"\n{number}/{len(steps.STEPS)} {step.title}\n  {step.where}\n  {step.why}")
            getattr(self, f"_{step.name}")(step)

    def _corp(self) -> Corp:
        known = Corp.objects.filter(corp_id=self.options["corp_id"] or "").first()
        corp_id = self.options["corp_id"] or self._ask("Corp id (企业ID)", corps.check_corp_id)
        name = self.options["name"] or (known.name if known else self._ask("Name (企业名称)"))
        address = self.options["api_base_url"] or (known.api_base_url if known else "")
        try:
            return corps.begin(corp_id=corp_id, name=name, api_base_url=address, by=None, at=clock.now())
        except ValueError as wrong:
            raise CommandError(str(wrong)) from None

    def _app(self, step: steps.Step) -> None:
        while not (self.case.app and self._stands(step)):
            known = self.case.app
            if known and not self._yes("Enter another AgentId or secret? (n: check again)"):
                continue
            agent_id = int(self.options["agent_id"] or self._ask("AgentId", _number))
            secret = self.options["secret"] or self._ask("Secret", corps.check_secret, hidden=True)
            self.options["agent_id"] = self.options["secret"] = None
            corps.give_app(self.case.corp, agent_id=agent_id, secret=secret, by=None, at=clock.now())
            self._look_again()

    def _visible(self, step: steps.Step) -> None:
        while not self._stands(step) and self._yes("Check again?"):
            pass

    _callable = _visible

    def _callback(self, step: steps.Step) -> None:
        app = self.case.app
        assert app  # the first step does not end without one
        receiver = corps.receive(app, by=None, at=clock.now())
        self._look_again()
        if receiver.verified_at is None:
            self.out.write(f"  URL             {self.case.base_url}/wecom/callback/{receiver.slug}/")
            self.out.write(f"  Token           {receiver.token!s}\n  EncodingAESKey  {receiver.aes_key!s}")
        self._wait_for(step)

    def _events(self, step: steps.Step) -> None:
        self._wait_for(step)

    def _domain(self, step: steps.Step) -> None:
        while not self._stands(step):
            said = self._ask("Name or content of WW_verify_….txt (empty: later)", empty=True)
            if not said:
                return
            form = ProofForm({"text": said})
            if form.is_valid():
                corps.prove(form.cleaned_data["code"], by=None, at=clock.now())
            else:
                self.out.write("  ✗ " + " ".join(str(each) for each in form.non_field_errors()))

    def _sync(self, step: steps.Step) -> None:
        if self._stands(step) or not self._yes("Begin the first sync now?"):
            return
        syncs.begin(self.case.corp, cause=Sync.Cause.CONNECT, at=clock.now())
        try:
            call_command("sync_corp", corp_id=self.case.corp.corp_id, stdout=self.out)
        except CommandError as incomplete:
            self.out.write(f"  ✗ {incomplete}")
        self._stands(step)

    def _stands(self, step: steps.Step) -> bool:
        """Says how the step stands, and whether it is done."""
        found = steps.standing(step, self.case, clock.now())
        if found.finding:
            self.out.write(f"  {MARKS[found.finding.level]} {found.finding.said}")
            if found.finding.mend:
                self.out.write(f"    → {found.finding.mend}")
        return found.done

    def _wait_for(self, step: steps.Step) -> None:
        """Until WeCom has acted; a quarter of an hour at most, or until Ctrl-C, which goes on."""
        if self._stands(step):
            return
        self.out.write("  … waiting; Ctrl-C goes on without it")
        until = clock.now() + WAITS_FOR
        try:
            while not steps.standing(step, self.case, clock.now()).done and clock.now() < until:
                rest(LOOKS_EVERY)
                self._look_again()
        except KeyboardInterrupt:
            self.out.write("  later, then.")
        self._stands(step)

    def _look_again(self) -> None:
        self.case = steps.case_of(Corp.objects.get(pk=self.case.corp.pk), self.case.base_url)

    def _receiver(self) -> Receiver:
        return Receiver.objects.filter(app=self.case.app).order_by("pk")[0]

    def _yes(self, question: str) -> bool:
        return self._ask(f"{question} [Y/n]", empty=True).lower() not in ("n", "no", "否")

    def _ask(
        self, what: str, check: Callable[[str], Any] | None = None, *, hidden: bool = False, empty: bool = False
    ) -> str:
        """What the person answers; asked again until it has the right form."""
        while True:
            said = (getpass.getpass if hidden and sys.stdin.isatty() else input)(f"  {what}: ").strip()
            try:
                if check and said:
                    check(said)
            except (ValueError, ValidationError) as wrong:
                self.out.write(f"  ✗ {wrong}")
                continue
            if said or empty:
                return said


def _number(said: str) -> None:
    if not said.isdecimal():
        raise ValueError("a number, as it stands on the app's page")
