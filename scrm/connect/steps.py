"""The steps of connecting a corp: what each asks for, and how it stands. The page and the command ask the same."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext_lazy as _

from guides.models import Sync
from scrm.findings import Finding, Level, bad, ok, warn
from scrm.wecom import checks, echoes
from scrm.wecom.models import App, Corp, DomainProof, Letter, Receiver

LETTERS_OF = timedelta(days=30)
LATEST = 5000
CUSTOMERS, DIRECTORY = "change_external_contact", "change_contact"


class Standing(NamedTuple):
    """How a step stands: done, waiting for somebody to click or for WeCom to act, or not to be begun yet."""

    finding: Finding | None
    done: bool = False
    waits: bool = False  # asked again by itself

    @property
    def mark(self) -> str:
        if self.finding and self.finding.level == Level.BAD:
            return "bad"
        return "done" if self.done else "waits" if self.waits else "todo"


class Case(NamedTuple):
    """What is there of a corp by now."""

    corp: Corp
    app: App | None
    receiver: Receiver | None
    base_url: str


def case_of(corp: Corp, base_url: str = "") -> Case:
    app = App.objects.filter(corp=corp).select_related("corp").order_by("pk").first()
    receiver = Receiver.objects.filter(app=app).select_related("corp").order_by("pk").first() if app else None
    return Case(corp, app, receiver, settings.BASE_URL or base_url)


class Step(NamedTuple):
    """One step; `where` is the way through WeCom's console, `check` says how it stands."""

    name: str
    title: Any
    where: Any
    why: Any
    check: Callable[[Case, datetime], Standing]
    needs_app: bool = True
    may_wait: bool = False  # the corp works without it


def app(case: Case, at: datetime) -> Standing:
    if case.app is None:
        return Standing(None)
    found = checks.secret(case.app, at=at)
    return Standing(found, done=found.level == Level.OK)


def visible(case: Case, at: datetime) -> Standing:
    return _asked(case, checks.visible_range)


def callable_app(case: Case, at: datetime) -> Standing:
    return _asked(case, checks.customer_contact)


def _asked(case: Case, check: Callable[[App], Finding]) -> Standing:
    assert case.app  # the step needs one
    found = check(case.app)
    return Standing(found, done=found.level == Level.OK)


def callback(case: Case, at: datetime) -> Standing:
    """WeCom asks the address when the administrator saves it; until then the page waits."""
    if case.receiver is None:
        return Standing(None)
    if case.receiver.verified_at is None:
        return Standing(
            warn(_("WeCom has not asked for this address yet: paste the three values and save.")), waits=True
        )
    return Standing(ok(_("WeCom has verified the address.")), done=True)


def events(case: Case, at: datetime) -> Standing:
    """Which kinds of letters came."""
    if case.receiver is None:
        return Standing(None)
    kinds = letter_kinds(case.receiver, since=at - LETTERS_OF)
    missing = [str(what) for kind, what in ((CUSTOMERS, _("customers")), (DIRECTORY, _("contacts"))) if not kinds[kind]]
    if not kinds:
        return Standing(warn(NO_LETTER_YET), waits=True)
    if missing:
        said = _("Letters come, but none about %s yet.") % " / ".join(missing)
        return Standing(warn(said, EVENTS_MENDED, **kinds), done=bool(kinds[CUSTOMERS]), waits=True)
    return Standing(ok(_("Letters about customers and contacts come."), **kinds), done=True)


def letter_kinds(receiver: Receiver, *, since: datetime) -> Counter[str]:
    """How many letters of each event came to this receiver since then, the latest few thousand counted.

    Of the two events that must come one letter further back is looked for too, as long as that does not take long.
    """
    latest = list(Letter.objects.order_by("-pk").values_list("event", "receiver_id", "received_at")[:LATEST])
    kinds = Counter(event for event, where, at in latest if where == receiver.pk and at >= since)
    if len(latest) == LATEST and latest[-1][2] >= since:
        kinds.update(kind for kind in (CUSTOMERS, DIRECTORY) if not kinds[kind] and _came(receiver, kind, since))
    return kinds


def _came(receiver: Receiver, kind: str, since: datetime) -> bool:
    """Whether such a letter came; yes, too, where there are too many letters to look through in a moment."""
    found = Letter.objects.filter(receiver=receiver, event=kind, received_at__gte=since)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '3s'")
            return bool(found[:1].values_list("pk", flat=True))
    except OperationalError:
        return True


def domain(case: Case, at: datetime) -> Standing:
    """The proof file is fetched from our own public address."""
    codes = [*DomainProof.objects.order_by("-pk").values_list("code", flat=True)[:1], *settings.WECOM_VERIFY_FILES]
    if not codes:
        return Standing(None)
    return Standing(found := proof(case.base_url, codes[0]), done=found.level == Level.OK)


def proof(base_url: str, code: str) -> Finding:
    """Whether the file of this code can be fetched as WeCom fetches it."""
    heard = echoes.fetch(f"{base_url}/WW_verify_{code}.txt", code)
    if heard.right:
        return ok(_("%s/WW_verify_… can be fetched.") % base_url)
    return bad(
        _("%(url)s does not answer with the file (%(why)s).")
        % {"url": f"{base_url}/WW_verify_….txt", "why": heard.status or heard.error},
        _("Look at BASE_URL, DNS and the proxy: the file must be reachable from the internet without a redirect."),
    )


def sync(case: Case, at: datetime) -> Standing:
    last = Sync.objects.filter(corp=case.corp).order_by("-pk").first()
    if last is None:
        return Standing(None)
    if last.state == Sync.State.RUNNING:
        return Standing(warn(_("The first sync is running.")), waits=True)
    if last.state == Sync.State.DONE:
        return Standing(ok(_("Departments, people and customers are in.")), done=True)
    return Standing(bad(last.get_state_display(), _("Look at the steps above, then begin it again.")))


NO_LETTER_YET = _("No letter yet. Let a colleague change the remark of one of her customers: it comes within seconds.")
EVENTS_MENDED = _(
    "App management › the app › Receive messages › Set API receiving: tick “external contact changes” and "
    "“contacts changes”."
)
STEPS: tuple[Step, ...] = (
    Step(
        "app",
        _("An app of yours"),
        _("App management › Self-built › Create an app; then the app's page: AgentId and Secret"),
        _("It speaks for the product. Below it, “Trusted company IP” must hold the address that we call from."),
        app,
        needs_app=False,
    ),
    Step(
        "visible",
        _("Visible range"),
        _("App management › the app › Visible range"),
        _("The app sees only departments and people in it; choose the whole company or all shops."),
        visible,
    ),
    Step(
        "callable",
        _("Customer contact"),
        _("Customer contact › Customers › API › Apps that may call"),
        _("Without it WeCom shows no customers and makes no codes."),
        callable_app,
    ),
    Step(
        "callback",
        _("Where letters go"),
        _("App management › the app › Receive messages › Set API receiving"),
        _("Paste these three values and save: WeCom asks the address at once, and this page notices."),
        callback,
    ),
    Step(
        "events",
        _("What is told"),
        _("App management › the app › Receive messages › Set API receiving › events"),
        _("Tick “external contact changes” and “contacts changes”; the first letter shows that they come."),
        events,
    ),
    Step(
        "domain",
        _("Trusted domain"),
        _("App management › the app › Web authorisation and JS-SDK › Trusted domain › Verify ownership"),
        _("For signing in with WeCom and for pages in WeCom. Download WW_verify_….txt there and give it to us."),
        domain,
        may_wait=True,
    ),
    Step(
        "sync",
        _("First sync"),
        "",
        _("Departments become regions and stores, people become guides, customers come with their tags and remarks."),
        sync,
    ),
)
BY_NAME = {step.name: step for step in STEPS}


def standing(step: Step, case: Case, at: datetime) -> Standing:
    """How a step stands; nothing of it while the app is missing."""
    return step.check(case, at) if case.app or not step.needs_app else Standing(None)
