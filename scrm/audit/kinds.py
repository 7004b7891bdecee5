"""What alarms and audit entries mean, in words for the people who read them."""

from typing import Any

from django.apps import apps
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

# kind -> what it means, and what to do about it
ALARMS: dict[str, tuple[Any, Any]] = {
    "wecom.token.refused": (
        _("WeCom refuses our sign-in"),
        _("Check the app's secret and the trusted IP addresses in WeCom's console."),
    ),
    "wecom.letter.parked": (
        _("A callback could not be applied"),
        _("Open the letter: it says why. Replay it once the cause is gone."),
    ),
    "wecom.welcome.not_composed": (
        _("A welcome could not be written"),
        _("Look at the welcome of this code, store and brand."),
    ),
    "wecom.call.needs_fix": (
        _("WeCom refuses a call for a reason of configuration"),
        _("The code says which permission or setting is missing in WeCom's console."),
    ),
    "wecom.answer.not_heard": (
        _("An answer of WeCom's could not be worked in"),
        _("Open the outbound call: it says why."),
    ),
    "roster_refused": (
        _("The directory could not be read from WeCom"),
        _("Check the visible range and the permissions of the app."),
    ),
    "roster_shrank": (
        _("WeCom suddenly lists far fewer people"),
        _("Nothing was changed. Check the visible range of the app."),
    ),
    "unknown_state": (
        _("Customers come with a code that we do not know"),
        _("Perhaps another system made it; those customers count for their guide's store."),
    ),
    "code_without_guide": (
        _("A channel code leads to nobody"),
        _("Post an active guide to its store or choose other guides."),
    ),
    "code_refused": (
        _("WeCom refused a channel code"),
        _("Look the code up in WeCom's error table; saving the code asks again."),
    ),
    "campaigns.picture_missing": (
        _("A welcome was sent without its picture"),
        _("The picture is uploaded again by itself; if this stays, WeCom refuses it."),
    ),
    "campaigns.picture_refused": (
        _("WeCom refused the picture of a welcome"),
        _("Choose another picture: PNG or JPG up to 10 MB."),
    ),
}

VERBS: dict[str, Any] = {
    "added": pgettext_lazy("deed", "added"),
    "changed": pgettext_lazy("deed", "changed"),
    "deleted": pgettext_lazy("deed", "deleted"),
    "created": pgettext_lazy("deed", "created"),
    "printed": pgettext_lazy("deed", "printed"),
    "placed": pgettext_lazy("deed", "put into a store"),
    "seat.given": pgettext_lazy("deed", "seat given"),
    "seat.taken": pgettext_lazy("deed", "seat taken away"),
    "cleared": pgettext_lazy("deed", "cleared"),
    "replay": pgettext_lazy("deed", "replayed"),
    "park": pgettext_lazy("deed", "set aside"),
}


def meaning(kind: str) -> tuple[Any, Any]:
    """What an alarm means and what to do; its bare kind where nobody wrote that down."""
    return ALARMS.get(kind, (kind, ""))


def deed(verb: str) -> str:
    """What was done, such as 修改 for `code.changed`."""
    return str(VERBS.get(verb) or VERBS.get(verb.rpartition(".")[2], verb))


def thing(label: str) -> str:
    """What it was done to: the model's name, such as 渠道活码 for `guides.code`."""
    try:
        return str(apps.get_model(label)._meta.verbose_name)
    except (LookupError, ValueError):
        return label
