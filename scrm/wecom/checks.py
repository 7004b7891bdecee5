"""Asking WeCom whether an app may do all that it must; each answer says what is wrong and where to mend it."""

import re
from datetime import datetime
from itertools import islice
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from scrm.clock import SHANGHAI
from scrm.findings import Finding, bad, ok, warn
from scrm.wecom.client import Client, client_for
from scrm.wecom.errors import BackOff, Refused, Retry
from scrm.wecom.models import App

FROM_IP = re.compile(r"from ip: ([0-9A-Fa-f.:]+)")
DEPARTMENTS_ASKED = 30

# errcode -> what is wrong, and where it is mended
REFUSALS: dict[int, tuple[Any, Any]] = {
    40001: (
        _("The secret does not belong to this corp and app, or it was renewed."),
        _("App management › the app › Secret › View: copy it again."),
    ),
    40013: (_("WeCom knows no corp with this id."), _("My company › Company information › Corp id, at the bottom.")),
    40056: (_("This corp has no app with this AgentId."), _("App management › the app: AgentId stands at the top.")),
    40091: (_("The secret belongs to another corp."), _("App management › the app › Secret › View: copy it again.")),
    45009: (_("WeCom has had too many calls and rests."), _("Wait an hour; then check again.")),
    48001: (_("This API is not open to the corp."), _("The corp must be verified: My company › Company information.")),
    48002: (
        _("The app may not use customer contact."),
        _("Customer contact › Customers › API › Apps that may call: tick the app."),
    ),
    48006: (
        _("WeCom withdrew the permission, as it was not used for long."),
        _("App management › the app: enable it."),
    ),
    48009: (
        _("This is the secret of contact sync, which may not read people."),
        _("App management › Self-built › Create an app: use that app's secret."),
    ),
    50003: (_("The app is disabled."), _("App management › the app: enable it.")),
    60020: (
        _("WeCom does not trust the address from which we call."),
        _("App management › the app › Developer interfaces › Trusted company IP: add it; it works after a minute."),
    ),
    60031: (_("This app is forbidden to call APIs."), _("App management › the app: enable API access.")),
}
REFUSALS[41004] = REFUSALS[40001]


def explain(refused: Refused) -> Finding:
    """A refusal in words."""
    if refused.errcode in REFUSALS:
        said, mend = REFUSALS[refused.errcode]
        ip = our_ip(refused)
        words = (
            _("%(what)s It sees us as %(ip)s.") % {"what": said, "ip": ip} if refused.errcode == 60020 and ip else said
        )
        return bad(words, mend, errcode=refused.errcode, **({"ip": ip} if ip else {}))
    if isinstance(refused, Retry):
        return bad(
            _("WeCom could not be reached."),
            _("Check that this machine may speak to the API's address: DNS, firewall, port 443."),
            errcode=refused.errcode,
        )
    if isinstance(refused, BackOff):
        return warn(_("WeCom asks us to wait."), _("Check again in a minute."), errcode=refused.errcode)
    said = _("WeCom refuses with code %s.") % refused.errcode
    return bad(said, _("Look the code up at open.work.weixin.qq.com/devtool/query."), errcode=refused.errcode)


def our_ip(refused: Refused) -> str:
    """The address from which WeCom sees us, as its refusals say it."""
    found = FROM_IP.search(refused.errmsg)
    return found[1] if found else ""


def secret(app: App, *, at: datetime) -> Finding:
    """Whether WeCom gives us a token, and takes it from our address."""
    app.refresh_from_db()
    if app.closed_until and at < app.closed_until:
        until = f"{app.closed_until.astimezone(SHANGHAI):%H:%M}"
        why = explain(Refused("gettoken", app.token_errcode)) if app.token_errcode else None
        said = _("WeCom refused the secret %(n)s times (%(code)s); we ask again at %(time)s.") % {
            "n": app.token_failures, "code": app.token_errcode, "time": until,
        }  # fmt: skip
        return bad(said, why.mend if why else "", errcode=app.token_errcode, closed=True)
    try:
        client_for(app.corp, app).callback_ips()
    except Refused as refused:
        return explain(refused)
    return ok(_("WeCom gives tokens and trusts our address."))


def customer_contact(app: App) -> Finding:
    """Whether the app is among those that may call, and how many people have customer contact."""
    try:
        people = client_for(app.corp, app).externalcontact.get_follow_user_list()
    except Refused as refused:
        return explain(refused)
    if not people:
        return warn(
            _("The app may use customer contact, but it sees nobody who has it."),
            _("Customer contact › Permissions › Usable by: add the guides; and look at the app's visible range."),
            people=0,
        )
    said = ngettext_lazy("%d person has customer contact.", "%d people have customer contact.", len(people))
    return ok(said % len(people), people=len(people))


def visible_range(app: App) -> Finding:
    """How many departments and people the app sees; people in the first departments only, where there are many."""
    client = client_for(app.corp, app)
    try:
        departments = client.directory.simple_departments()
        people = _people(client, departments)
    except Refused as refused:
        return explain(refused)
    mend = _("App management › the app › Visible range: choose the whole company, or all departments of shops.")
    facts = {"departments": len(departments), "people": len(people), "counted": len(departments) <= DEPARTMENTS_ASKED}
    if not departments:
        return bad(_("The app sees no department."), mend, **facts)
    if not people:
        return bad(_("The app sees departments, but nobody in them."), mend, **facts)
    words = _("The app sees %(d)s departments and %(p)s people.") if facts["counted"] else _(
        "The app sees %(d)s departments; %(p)s people in the first of them."
    )  # fmt: skip
    return ok(words % {"d": len(departments), "p": len(people)}, **facts)


def _people(client: Client, departments: list[dict[str, Any]]) -> set[str]:
    """Those furthest down first: in a brand they are the shops."""
    ids = sorted((int(one["id"]) for one in departments), reverse=True)
    asked = islice(ids, DEPARTMENTS_ASKED)
    return {person["userid"] for one in asked for person in client.directory.users(one)}
