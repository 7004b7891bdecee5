"""Why something about tags and fields cannot be, in words, with what to do."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from members.taglives import InUse, known
from scrm.wecom import meanings

WHY: dict[str, Any] = {
    "nothing": _("Write at least one name."),
    "no_name": _("A name cannot be empty."),
    "too_long": _("A name has at most %(limit)s characters."),
    "name_taken": _("There is a tag or group of this name already: %(name)s"),
    "group_exists": _("There is a group of this name already: %(name)s. Open it and add the tags there."),
    "too_many_at_once": _("At most %(limit)s tags at once."),
    "library_full": _("There can be %(limit)s tags at most. Delete some that nobody uses first."),
    "foreign": _("WeCom's console or another app made this, and only they may change it. Change it there; we follow."),
    "gone": _("This was deleted meanwhile."),
    "wecoms": _("This belongs to WeCom."),
    "not_wecoms": _("This does not belong to WeCom."),
    "clauses": _("A rule has between 1 and %(limit)s lines."),
    "clause": _("A line of the rule is incomplete: an event needs its kind."),
    "clause_number": _("Points go from 1 to 100; days and money are whole numbers above 0."),
    "half_life": _("The half-life goes from 1 to %(limit)s days, or stays empty."),
    "threshold": _("The tag is worn from a score between 1 and %(limit)s on."),
    "key": _("A key begins with a letter and has small letters, digits and _ only."),
    "key_taken": _("There is a field with this key already."),
    "kind": _("There is no such kind of field."),
    "too_many": _("There can be %(limit)s fields at most."),
    "choice_in_use": _("“%(choice)s” stays: customers have it."),
    "in_use": _("It is in use: %(by)s"),
    "has_values": _("It says something of customers. Switch it off instead."),
    "name": _("A name has 1 to 40 characters."),
    "choices": _("Give between 1 and %(limit)s choices, each on a line of its own."),
    "text": _("At most %(limit)s characters."),
    "number": _("This is no number."),
    "date": _("This is no date, such as 2026-03-01."),
    "boolean": _("Yes or no?"),
    "choice": _("Choose from: %(choices)s"),
}
WECOM: dict[int, Any] = {
    40068: _("It no longer exists at WeCom; the library was read again."),
    40071: _("There is a tag or group of this name at WeCom already."),
    40072: _("WeCom does not accept the length of this name: at most 30 characters."),
    40126: _("The corp has as many tags as WeCom allows. Delete some that nobody uses."),
    40144: _("This customer has as many tags as WeCom allows with this guide."),
    81011: _("WeCom's console or another app made this, and only they may change it. Change it there; we follow."),
}


def why(error: Any) -> str:
    """Why it cannot be."""
    if isinstance(error, InUse):
        return str(_("It is in use: %(by)s")) % {"by": known(error.uses[:5])}
    return str(WHY[error.code]) % error.detail


def refused(errcode: int | None) -> str:
    """Why WeCom did not do it, and what to do."""
    if errcode is None:
        return str(_("WeCom gave no answer. Look whether it is done, or try again."))
    return str(WECOM.get(errcode) or meanings.of(errcode))
