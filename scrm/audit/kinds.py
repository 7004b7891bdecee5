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
        _("Nobody was made to leave. Check the visible range of the app; if it is right, say so on the sync page."),
    ),
    "customers_shrank": (
        _("WeCom suddenly lists far fewer customers"),
        _(
            "No relation was ended. Check customer contact and the visible range; "
            "if it is right, say so on the sync page."
        ),
    ),
    "sync_incomplete": (
        _("A sync could not read everything from WeCom"),
        _("The sync page says which part WeCom refused and what to do; the next complete sync ends this alarm."),
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
        _(
            "Check in WeCom's console that the callback address is saved and the events are ticked, "
            "and that the proxy lets them in."
        ),
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
    "audit_touched": (
        _("The audit book is not as it was sealed"),
        _("Somebody with rights over the database changed it: verify_audit names the day and the entry."),
    ),
    "database_long_transaction": (
        _("A transaction has been open for very long"),
        _("It keeps VACUUM from its work and lets tables grow: find it in pg_stat_activity and end it."),
    ),
    "drift": (
        _("WeCom counts other new customers or deletions than we do"),
        _("Open the drift report: it names guide and day. A sync finds missed adds; accept what stays."),
    ),
    "statistics_refused": (
        _("WeCom does not let us read its statistics"),
        _("Give the app the customer statistics in WeCom's console; until then there is no drift report."),
    ),
    "code_gone": (
        _("A channel code is no longer in WeCom"),
        _("Somebody deleted it there. Its printed sheets are dead: make it again on its page and print anew."),
    ),
    "code_twice": (
        _("WeCom has a channel code twice"),
        _("An answer was lost and it was made again. Both pictures work; the second one is not on our list."),
    ),
    "codes_without_store": (
        _("Codes of other systems lead to guides without a store"),
        _("Post those guides to their stores; the next sync takes the codes in."),
    ),
    "groups_shrank": (
        _("WeCom suddenly lists far fewer group chats"),
        _("Nothing was changed. Check the visible range of the app."),
    ),
    "tags_shrank": (
        _("WeCom suddenly lists far fewer tags"),
        _("Nothing was changed. If they were deleted on purpose, the next sync may confirm it."),
    ),
    "identity_knot": (
        _("Thousands of customers seem to be one person"),
        _("Some id is claimed by far too many. Look at the shared ids and block what is nobody's own."),
    ),
    "reveals_many": (
        _("Somebody looked at as many whole numbers as one person may in a day"),
        _("Ask her why. The audit book says whose they were; REVEALS_PER_DAY is the limit."),
    ),
    "code_ceiling": (
        _("WeCom's limit of 500,000 channel codes is nearly reached"),
        _("Delete codes that nobody uses: above the limit WeCom makes no new ones."),
    ),
    "push_parked": (
        _("What a source pushed could not be applied"),
        _("Open the source: it says why. Replay the push once the cause is gone."),
    ),
    "source_silent": (
        _("A data source has delivered nothing for longer than expected"),
        _("Ask whoever is responsible for it; the alarm ends with the next delivery, or when the source is paused."),
    ),
    "source_errors": (
        _("Many rows of a data source are refused"),
        _("Open the source: it counts the reasons and shows the newest rows. It ends when rows are right again."),
    ),
}

VERBS: dict[str, Any] = {
    "import.uploaded": pgettext_lazy("deed", "file uploaded"),
    "import.applied": pgettext_lazy("deed", "brought in"),
    "import.discarded": pgettext_lazy("deed", "discarded"),
    "sent": pgettext_lazy("deed", "sent by a system"),
    "consent.given": pgettext_lazy("deed", "consent given"),
    "invite.made": pgettext_lazy("deed", "registration link made"),
    "invite.ended": pgettext_lazy("deed", "registration link ended"),
    "member.registered": pgettext_lazy("deed", "registered"),
    "member.shown": pgettext_lazy("deed", "showed by a code that it is she"),
    "join_form.changed": pgettext_lazy("deed", "registration page changed"),
    "datarequest.asked": pgettext_lazy("deed", "data request written down"),
    "datarequest.verified": pgettext_lazy("deed", "data request verified"),
    "datarequest.approved": pgettext_lazy("deed", "erasure approved"),
    "datarequest.refused": pgettext_lazy("deed", "data request refused"),
    "datarequest.done": pgettext_lazy("deed", "data request answered"),
    "datarequest.proved": pgettext_lazy("deed", "proof of an erasure fetched"),
    "holiday.noted": pgettext_lazy("deed", "holiday noted"),
    "member.erased": pgettext_lazy("deed", "erased"),
    "member.corrected": pgettext_lazy("deed", "corrected"),
    "copy.fetched": pgettext_lazy("deed", "copy of a person's data fetched"),
    "terms.published": pgettext_lazy("deed", "terms published"),
    "member.merged": pgettext_lazy("deed", "merged"),
    "member.unmerged": pgettext_lazy("deed", "unmerged"),
    "identity.revealed": pgettext_lazy("deed", "looked at in full"),
    "identity.blocked": pgettext_lazy("deed", "blocked"),
    "identity.unblocked": pgettext_lazy("deed", "let count again"),
    "identity.ended": pgettext_lazy("deed", "said that it is hers no longer"),
    "identity.renewed": pgettext_lazy("deed", "said that it is hers again"),
    "review.same": pgettext_lazy("deed", "answered: one person"),
    "review.not_same": pgettext_lazy("deed", "answered: two people"),
    "review.later": pgettext_lazy("deed", "put off"),
    "review.taken_back": pgettext_lazy("deed", "taken back"),
    "consent.withdrawn": pgettext_lazy("deed", "consent withdrawn"),
    "put_on": pgettext_lazy("deed", "put on"),
    "taken_off": pgettext_lazy("deed", "taken off"),
    "asked": pgettext_lazy("deed", "asked of WeCom"),
    "begun": pgettext_lazy("deed", "begun"),
    "paused": pgettext_lazy("deed", "paused"),
    "resumed": pgettext_lazy("deed", "resumed"),
    "stopped": pgettext_lazy("deed", "stopped"),
    "drawn": pgettext_lazy("deed", "drawn"),
    "judged": pgettext_lazy("deed", "judged"),
    "added": pgettext_lazy("deed", "added"),
    "changed": pgettext_lazy("deed", "changed"),
    "deleted": pgettext_lazy("deed", "deleted"),
    "created": pgettext_lazy("deed", "created"),
    "made": pgettext_lazy("deed", "made"),
    "renamed": pgettext_lazy("deed", "renamed"),
    "arranged": pgettext_lazy("deed", "put in order"),
    "archived": pgettext_lazy("deed", "archived"),
    "frozen": pgettext_lazy("deed", "frozen"),
    "printed": pgettext_lazy("deed", "printed"),
    "sync.begun": pgettext_lazy("deed", "sync begun"),
    "sync.agreed": pgettext_lazy("deed", "agreed that WeCom lists fewer"),
    "placed": pgettext_lazy("deed", "put into a store"),
    "grade.set": pgettext_lazy("deed", "grade set by hand"),
    "grade.taken_back": pgettext_lazy("deed", "grade set by hand taken back"),
    "standing_rule.enacted": pgettext_lazy("deed", "rule of grades or lifecycle enacted"),
    "activation.made": pgettext_lazy("deed", "activation list made"),
    "seat.given": pgettext_lazy("deed", "seat given"),
    "seat.taken": pgettext_lazy("deed", "seat taken away"),
    "cleared": pgettext_lazy("deed", "cleared"),
    "tried_again": pgettext_lazy("deed", "tried again"),
    "drift.accepted": pgettext_lazy("deed", "accepted"),
    "code.remade": pgettext_lazy("deed", "made again"),
    "replay": pgettext_lazy("deed", "replayed"),
    "park": pgettext_lazy("deed", "set aside"),
    "read": pgettext_lazy("deed", "looked at"),
    "exported": pgettext_lazy("deed", "exported"),
    "refused": pgettext_lazy("deed", "was refused a page"),
    "signed_in": pgettext_lazy("deed", "signed in"),
    "sign_in_failed": pgettext_lazy("deed", "failed to sign in"),
    "signed_out": pgettext_lazy("deed", "signed out"),
    "second_factor_on": pgettext_lazy("deed", "second factor switched on"),
    "second_factor_off": pgettext_lazy("deed", "second factor taken away"),
    "recovery_codes_made": pgettext_lazy("deed", "new recovery codes made"),
    "recovery_code_used": pgettext_lazy("deed", "recovery code used"),
    "sessions_ended": pgettext_lazy("deed", "sessions ended"),
    "token_made": pgettext_lazy("deed", "API token made"),
    "token_revoked": pgettext_lazy("deed", "API token revoked"),
    "pack.asked": pgettext_lazy("deed", "audience pack asked for"),
    "pack.approved": pgettext_lazy("deed", "audience pack approved"),
    "pack.refused": pgettext_lazy("deed", "audience pack refused"),
    "pack.ended": pgettext_lazy("deed", "audience pack ended"),
    "month_dropped": pgettext_lazy("deed", "month no longer kept"),
    "secret_made": pgettext_lazy("deed", "new secret made"),
    "secret_taken": pgettext_lazy("deed", "secret of its system saved"),
    "source.live": pgettext_lazy("deed", "set live"),
    "source.paused": pgettext_lazy("deed", "paused"),
}

PARTS: dict[str, Any] = {
    "system": _("the system"),
    "retention": _("the system: retention"),
    "sync": _("the system: sync"),
}


def meaning(kind: str) -> tuple[Any, Any]:
    """What an alarm means and what to do; its bare kind where nobody wrote that down."""
    return ALARMS.get(kind, (kind, ""))


def deed(verb: str) -> str:
    """What was done, such as 修改 for `code.changed`."""
    return str(VERBS.get(verb) or VERBS.get(verb.rpartition(".")[2], verb))


def sentence(verb: str) -> str:
    """What was done to which kind of thing, such as 客户：查看 for `member.read`."""
    about = verb.rpartition(".")[0].rpartition(".")[2]
    kinds = [model for model in apps.get_models() if model._meta.model_name == about]
    return f"{kinds[0]._meta.verbose_name}: {deed(verb)}" if kinds else deed(verb)


def part(name: str) -> str:
    """A part of the system that acts by itself, in words."""
    return str(PARTS.get(name, name or PARTS["system"]))


def thing(label: str) -> str:
    """What it was done to: the model's name, such as 渠道活码 for `guides.code`."""
    try:
        return str(apps.get_model(label)._meta.verbose_name)
    except (LookupError, ValueError):
        return label
