"""What is looked at in keys and secrets."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from scrm import sealed
from scrm.findings import Finding, bad, ok, warn
from scrm.wecom.models import App, Corp, Letter, Receiver
from scrm.wecom.models.letters import BODY

OLD = timedelta(days=365)
MANY_KEYS = 3


def open_all(at: datetime) -> Finding:
    """Whether FIELD_KEYS open what the database holds sealed."""
    facts = {"keys": len(settings.FIELD_KEYS)}
    try:
        list(App.objects.all())
        list(Receiver.objects.all())
        for letter in Letter.objects.order_by("-pk")[:1]:
            sealed.open_sealed(bytes(letter.body), BODY)
    except sealed.CannotOpen:
        return bad(
            _("FIELD_KEYS do not open what is stored."),
            _("Put the key with which it was sealed back behind the others; without it those values are lost."),
            **facts,
        )
    if len(settings.FIELD_KEYS) >= MANY_KEYS:
        return warn(
            _("FIELD_KEYS has %d keys.") % len(settings.FIELD_KEYS),
            _("Old ones stay until all is sealed anew."),
            **facts,
        )
    return ok(_("All stored values can be opened."), **facts)


def age(corp: Corp, at: datetime) -> Finding:
    app = App.objects.filter(corp=corp).order_by("pk").only("secret_set_at").first()
    if app is None or app.secret_set_at is None:
        return ok(_("Since when the secret holds is not known."))
    days = (at - app.secret_set_at).days
    if at - app.secret_set_at > OLD:
        said = _("The secret is %d days old.") % days
        return warn(
            said, _("App management › the app › Secret: renew it, and enter it in Admin › Connect WeCom."), days=days
        )
    return ok(_("The secret is %d days old.") % days, days=days)
