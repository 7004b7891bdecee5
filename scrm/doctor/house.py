"""What is looked at in the house itself: its public address, its processes, its machine."""

import platform
import shutil
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version

import requests
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from scrm import gauges, health, outbound
from scrm.audit import heartbeats
from scrm.clock import SHANGHAI
from scrm.connect import steps
from scrm.doctor.database import beside
from scrm.findings import Finding, bad, ok, warn
from scrm.settings import problems
from scrm.wecom.models import Corp, DomainProof, Letter

SILENT = timedelta(minutes=3)
WAITS_WARN, WAITS_BAD = 60, 600  # seconds that a letter may wait
SHOWN = ("Django", "wechatpy", "psycopg", "celery", "cryptography", "requests")


def base_url(at: datetime) -> Finding:
    if not settings.BASE_URL:
        return warn(_("BASE_URL is not set."), _("Set it in .env: links in messages and the callback begin with it."))
    if not settings.BASE_URL.startswith("https://") and settings.PRODUCTION:
        return bad(_("BASE_URL is not https."), _("Put a proxy with a certificate in front."))
    return ok(settings.BASE_URL)


def proof(at: datetime) -> Finding:
    codes = [*settings.WECOM_VERIFY_FILES, *DomainProof.objects.order_by("-pk").values_list("code", flat=True)[:5]]
    if not codes:
        where = _(
            "App management › the app › Web authorisation and JS-SDK › Trusted domain; then Admin › Connect WeCom."
        )
        return warn(_("There is no proof file; signing in with WeCom and pages in WeCom need one."), where)
    if not settings.BASE_URL:
        return warn(_("BASE_URL is not set, so our public address is not known."), _("Set BASE_URL in .env."))
    found = [steps.proof(settings.BASE_URL, code) for code in codes]
    return next((one for one in found if one.level != "ok"), found[-1])


def unsafe_settings(at: datetime) -> Finding:
    if not settings.PRODUCTION:
        return warn(
            _("PROFILE is %s: not for real customers.") % settings.PROFILE, _("Set PROFILE=production in .env."),
            profile=settings.PROFILE,
        )  # fmt: skip
    found = problems()
    if found:
        return bad("; ".join(found), _("Change it in .env; .env.example describes each setting."), problems=found)
    return ok(_("No setting is unsafe."))


def clock_of_wecom(at: datetime) -> Finding:
    """The Date of any answer of WeCom's."""
    corp = Corp.objects.order_by("pk").first()
    address = (corp.api_base_url if corp else "") or settings.WECOM_API_BASE_URL
    try:
        with outbound.session() as line:
            said = line.get(f"{address}/cgi-bin/getcallbackip", timeout=(3.05, 5), allow_redirects=False)
        theirs = parsedate_to_datetime(said.headers["Date"])
    except (requests.RequestException, KeyError, ValueError, TypeError):
        return bad(_("WeCom could not be reached."), _("Check DNS, firewall and port 443 to the API's address."))
    drift = (at - theirs).total_seconds()
    return beside(drift if abs(drift) > 2 else 0.0, _("WeCom's"))  # its Date has whole seconds


def broker(at: datetime) -> Finding:
    state = health.broker_state()
    if state == "down":
        return bad(
            _("The broker does not answer."), _("Start Redis or Valkey, look at BROKER_URL. Letters wait meanwhile.")
        )
    return ok(_("The broker answers.") if state == "up" else _("No broker is needed here."), state=state)


def queue(at: datetime) -> Finding:
    depth, oldest = Letter.objects.waiting()[:10_000].count(), gauges.oldest_waiting(at)
    parked = Letter.objects.parked()[:10_000].count()
    facts = {"waiting": depth, "oldest_seconds": oldest, "parked": parked}
    said = _("%(n)s letters wait, the oldest for %(s)s seconds; %(p)s are set aside.") % {
        "n": depth, "s": round(oldest), "p": parked,
    }  # fmt: skip
    mend = _("Is `manage.py work` running? Admin › Letters shows those set aside and why.")
    if oldest >= WAITS_BAD:
        return bad(said, mend, **facts)
    return warn(said, mend, **facts) if parked or oldest >= WAITS_WARN else ok(said, **facts)


def worker(at: datetime) -> Finding:
    return _alive("work", at, _("Start `manage.py work`: without it letters wait and nobody is welcomed."))


def scheduler(at: datetime) -> Finding:
    return _alive("scheduler", at, _("Start `celery -A scrm worker -B`: without it nothing happens at night."))


def _alive(name: str, at: datetime, mend: object) -> Finding:
    beat = heartbeats.last(name)
    if beat is None:
        return bad(_("It was never seen."), mend)
    said = {"at": f"{beat.at.astimezone(SHANGHAI):%m-%d %H:%M:%S}", "host": beat.host or "—"}
    if at - beat.at > SILENT:
        return bad(_("Last seen %(at)s on %(host)s.") % said, mend, host=beat.host)
    return ok(_("Seen %(at)s on %(host)s.") % said, host=beat.host)


def backup(at: datetime) -> Finding:
    hours = settings.BACKUP_EVERY_HOURS
    if not hours:
        return ok(_("Backups are not watched here (BACKUP_EVERY_HOURS=0)."))
    beat = heartbeats.last("backup")
    if beat is None:
        return bad(_("No backup was ever reported."), _("See docs/operations.md, “Backup and restore”."))
    age = (at - beat.at).total_seconds() / 3600
    said = _("The last backup is %d hours old.") % age
    return bad(said, _("Look into the backup's log."), hours=round(age)) if age > hours else ok(said, hours=round(age))


def disk(at: datetime) -> Finding:
    space = shutil.disk_usage(settings.BASE_DIR)
    used = round(100 * (1 - space.free / space.total))
    said = _("%(p)s %% of this machine's disk is used, %(gb)s GB are free.") % {"p": used, "gb": space.free >> 30}
    if used >= settings.WATCH_DISK_PERCENT:
        return bad(said, _("Make room: a full disk stops the database."), percent=used)
    return ok(said, percent=used)


def versions(at: datetime) -> Finding:
    found = {"Python": platform.python_version(), **{name: _version(name) for name in SHOWN}}
    return ok(", ".join(f"{name} {number}" for name, number in found.items()), **found)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "—"
