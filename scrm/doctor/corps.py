"""What is looked at for each corp: what its app may do, and whether letters come."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from guides import readiness
from guides.models import Guide, Posting
from scrm.clock import SHANGHAI
from scrm.connect.steps import CUSTOMERS, DIRECTORY, EVENTS_MENDED, LETTERS_OF, letter_kinds
from scrm.findings import Finding, bad, ok, warn
from scrm.wecom import checks, echoes
from scrm.wecom.client import client_for
from scrm.wecom.errors import Refused
from scrm.wecom.models import App, Corp, Letter, Quota, Receiver

SILENT_FOR = timedelta(days=2)
OTHER_KINDS = ("change_external_chat", "change_external_tag")
NO_APP = _("This corp has no app.")
TO_CONNECT = _("Admin › Connect WeCom leads through it.")


def any_corp(at: datetime) -> Finding:
    count = Corp.objects.count()
    if not count:
        return bad(_("No corp is connected."), TO_CONNECT)
    return ok(_("%d connected.") % count, corps=count)


def _app(corp: Corp) -> App | None:
    return App.objects.filter(corp=corp).select_related("corp").order_by("pk").first()


def secret(corp: Corp, at: datetime) -> Finding:
    app = _app(corp)
    return checks.secret(app, at=at) if app else bad(NO_APP, TO_CONNECT)


def customer_contact(corp: Corp, at: datetime) -> Finding:
    app = _app(corp)
    return checks.customer_contact(app) if app else bad(NO_APP, TO_CONNECT)


def visible_range(corp: Corp, at: datetime) -> Finding:
    app = _app(corp)
    return checks.visible_range(app) if app else bad(NO_APP, TO_CONNECT)


def callback_ips(corp: Corp, at: datetime) -> Finding:
    """The list that a firewall in front of us would need."""
    if _app(corp) is None:
        return bad(NO_APP, TO_CONNECT)
    try:
        ips = client_for(corp).callback_ips()
    except Refused as refused:
        return checks.explain(refused)
    return ok(_("WeCom names %d addresses from which it calls; a firewall must let them in.") % len(ips), ips=len(ips))


def people(corp: Corp, at: datetime) -> Finding:
    """Guides of shops who cannot stand in a code."""
    posted = Posting.objects.filter(ends_at=None, guide__corp=corp).exclude(guide__status=Guide.Status.LEFT)
    here = readiness.with_reason(Guide.objects.filter(pk__in=posted.values("guide")))
    count, unready = here.count(), here.exclude(reason="").count()
    if not count:
        return warn(_("No guide is posted to a store yet."), _("Sync the corp: departments become stores."))
    said = _("%(n)s of %(all)s guides cannot stand in a code.") % {"n": unready, "all": count}
    facts = {"guides": count, "unready": unready}
    if unready:
        return warn(said, _("Channel codes › Who is not ready says why, by store, with the remedy."), **facts)
    return ok(_("All %d guides of shops are ready.") % count, **facts)


def verified(corp: Corp, at: datetime) -> Finding:
    receivers = list(Receiver.objects.filter(corp=corp))
    mend = _("App management › the app › Receive messages › Set API receiving: paste URL, Token, EncodingAESKey; save.")
    if not receivers:
        return bad(_("There is no callback address."), TO_CONNECT)
    if any(one.verified_at for one in receivers):
        latest = max(one.verified_at for one in receivers if one.verified_at)
        return ok(_("Last verified %s.") % f"{latest.astimezone(SHANGHAI):%Y-%m-%d %H:%M}")
    if Letter.objects.filter(corp=corp).exists():
        return ok(_("WeCom delivers letters with the present keys."))
    return bad(_("WeCom has never asked our callback address."), mend)


def reachable(corp: Corp, at: datetime) -> Finding:
    """Our own public address is asked from here as WeCom asks it."""
    receiver = Receiver.objects.filter(corp=corp).select_related("corp").order_by("pk").first()
    if receiver is None:
        return bad(_("There is no callback address."), TO_CONNECT)
    if not settings.BASE_URL:
        return warn(_("BASE_URL is not set, so our public address is not known."), _("Set BASE_URL in .env."))
    heard = echoes.ask(receiver, settings.BASE_URL, at=at)
    facts = {"status": heard.status, "ms": round(1000 * heard.seconds)}
    if not heard.right:
        return bad(_why(heard), _("WeCom must reach it from the internet: DNS, certificate, proxy, firewall."), **facts)
    if heard.seconds > echoes.WECOM_WAITS:
        return warn(_("It answers, but slower than the second that WeCom waits."), _("Look at the proxy."), **facts)
    return ok(_("It answers rightly within %d ms.") % facts["ms"], **facts)


def _why(heard: echoes.Heard) -> object:
    words = {
        "dns": _("The name in BASE_URL is not known to DNS."),
        "tls": _("The certificate of our public address is not accepted."),
        "timeout": _("Our public address does not answer in time."),
    }
    if heard.status is None:
        return words.get(heard.error, _("Nobody answers at our public address."))
    return _("Our public address answers %s instead of the echo.") % heard.status


def letters(corp: Corp, at: datetime) -> Finding:
    """Which kinds of letters came in the last thirty days, and when the last one did."""
    kinds: dict[str, int] = {}
    for receiver in Receiver.objects.filter(corp=corp):
        for kind, n in letter_kinds(receiver, since=at - LETTERS_OF).items():
            kinds[kind] = kinds.get(kind, 0) + n
    missing = [kind for kind in (CUSTOMERS, DIRECTORY) if not kinds.get(kind)]
    never = [kind for kind in OTHER_KINDS if not kinds.get(kind)]
    facts = {"kinds": kinds, "missing": missing, "never": never}
    if not kinds:
        return bad(_("No letter came in the last 30 days."), EVENTS_MENDED, **facts)
    if missing:
        return warn(_("Of these events no letter ever came: %s.") % ", ".join(missing), EVENTS_MENDED, **facts)
    last = Letter.objects.filter(corp=corp).order_by("-pk").values_list("received_at", flat=True).first()
    if last and at - last > SILENT_FOR:
        silent = _("The last letter came on %s.") % f"{last.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        return warn(silent, _("Have a colleague change a remark; if nothing comes, look at the callback."), **facts)
    return ok(_("Letters about customers and contacts come."), **facts)


def quotas(corp: Corp, at: datetime) -> Finding:
    blocked = Quota.objects.filter(corp=corp, blocked_until__gt=at).values_list("api", flat=True)
    if blocked:
        return warn(
            _("WeCom refuses for a while: %s.") % ", ".join(sorted(blocked)),
            _("It goes on by itself. If it comes back often, lower WECOM_CALLS_PER_MINUTE."),
            blocked=sorted(blocked),
        )
    return ok(_("No API is blocked."))
