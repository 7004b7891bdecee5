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
    "inbox_age": (
        _("Callbacks wait longer than they should"),
        _("See on the state page whether the workers run; start more of them if the inbox keeps growing."),
    ),
    "welcomes_late": (
        _("Welcomes come too late for WeCom's 20 seconds"),
        _("Workers are down, too few, or WeCom answers slowly; customers of these minutes were not greeted."),
    ),
    "quota_low": (
        _("The calls to WeCom of this hour are nearly used up"),
        _("Bulk work waits by itself; look for another system that uses the same corp."),
    ),
    "api_blocked": (
        _("WeCom refuses an API for a while: too many calls"),
        _("Work goes on by itself afterwards; if this comes often, lower the limits under Quotas."),
    ),
    "token_closed": (
        _("An app does not ask WeCom for a token at the moment"),
        _("Its secret was refused several times: correct it on the page of the app, then it tries again at once."),
    ),
    "letters_silent": (
        _("No callback has come for an unusually long time"),
        _("Check in WeCom's console that the callback address is saved and the events are ticked, and that the proxy lets them in."),
    ),
    "worker_missing": (
        _("A worker has fallen silent"),
        _("Start zhanggui-work on that machine again; its log says why it ended."),
    ),
    "scheduler_missing": (
        _("The scheduler does not ring"),
        _("Start zhanggui-scheduler and zhanggui-celery, exactly one scheduler; check the broker."),
    ),
    "facts_late": (
        _("The boards' figures are not up to date"),
        _("Scheduler or Celery worker stand still; the figures fill up by themselves afterwards."),
    ),
    "backup_old": (
        _("The last backup is too old"),
        _("Look at the log of zhanggui-backup; run it by hand until it ends well."),
    ),
    "disk_full": (
        _("A disk is nearly full"),
        _("Make room or enlarge it; at its end nothing can be stored and WeCom is refused."),
    ),
    "contacts_cost": (
        _("The customers included in WeCom's contract are nearly or quite used up"),
        _("More customers cost by the year; the state page says how much. Buy more or remove lost ones."),
    ),
    "database_connections": (
        _("The database's connections are nearly used up"),
        _("Lower the number of web threads and workers, or raise max_connections."),
    ),
    "database_wraparound": (
        _("The database needs VACUUM urgently"),
        _("Long before two billion transactions PostgreSQL stops writing: run VACUUM FREEZE and see what holds it up."),
    ),
    "database_size": (
        _("The space for the database is nearly used up"),
        _("Enlarge it, or keep less (docs/data-map.md)."),
    ),
    "database_long_transaction": (
        _("A transaction has been open for very long"),
        _("It keeps VACUUM from its work and lets tables grow: find it in pg_stat_activity and end it."),
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
