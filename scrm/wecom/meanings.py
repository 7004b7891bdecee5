"""What WeCom's error codes mean, and what to do, in words for people who run shops."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from scrm.wecom import errors

SECRET = _("WeCom does not accept the app's secret. HQ: enter it again under Admin › Apps.")
PICTURE = _("The picture is no longer at WeCom; it is uploaded again by itself.")
PERMISSION = _("The app lacks a permission in WeCom's console. HQ: Customer contact › API › callable apps.")
NOT_IN_SIGHT = _("This colleague is not in the app's visible range. HQ: add her department in WeCom's console.")
GONE_TAG = _("The tag no longer exists at WeCom. Take it off the code.")

MEANINGS: dict[int, Any] = {
    -1: _("WeCom was busy."),
    6000: _("Somebody else changed the same thing at WeCom in that moment."),
    40001: SECRET,
    40003: _("WeCom does not know this colleague. HQ: look whether she has left the company."),
    40007: PICTURE,
    40013: _("The corp id is wrong. HQ: compare it with WeCom's console."),
    40014: _("The access token was not accepted; a new one was fetched."),
    40058: _("WeCom found a mistake in what we asked; this is for an engineer."),
    40068: GONE_TAG,
    40071: _("A tag of this name exists already."),
    40091: SECRET,
    40096: _("WeCom does not know this customer."),
    40098: _("This colleague has not verified her name. She does it in WeCom on her phone: Me › Settings."),
    40099: _("This colleague has as many customers as WeCom allows."),
    40130: _("WeCom does not accept this many recipients."),
    41044: _("This channel code no longer exists at WeCom. Save it again, or make a new one."),
    41045: _("The corp has as many channel codes as WeCom allows. Delete some that nobody needs."),
    41048: _("There was no customer to send it to."),
    41049: _("The welcome carried no code; this is for an engineer."),
    41050: _("The welcome code had run out: WeCom allows 20 seconds after the add."),
    41051: _("The chat had begun already, so WeCom sends no welcome any more."),
    41053: _("The customer has not agreed to conversation archiving; WeCom sends no welcome before that."),
    41054: _("This colleague has never signed in to WeCom. She installs WeCom and signs in once."),
    41096: _("Another app was just sending its welcome."),
    42001: _("The access token had run out; a new one was fetched."),
    45002: _("The message is longer than WeCom allows. Shorten the welcome."),
    45009: _("WeCom allows no more calls of this kind for a minute or longer; it goes on by itself."),
    45033: _("Too many calls at the same time; it goes on by itself."),
    45035: _("Too many calls at the same time; it goes on by itself."),
    48001: PERMISSION,
    48002: PERMISSION,
    48004: PERMISSION,
    50002: NOT_IN_SIGHT,
    50003: _("The app is switched off in WeCom's console. HQ: switch it on under Apps."),
    60011: NOT_IN_SIGHT,
    60020: _("WeCom does not know our server's address. HQ: add it to the app's trusted IPs in WeCom's console."),
    60111: _("WeCom does not know this colleague. HQ: look whether she has left the company."),
    81013: _("None of the named colleagues is in the app's visible range."),
    84061: _("They are not friends at WeCom (any more)."),
    84074: _("This colleague may not have customers. HQ: add her under Customer contact › Permissions."),
    84083: NOT_IN_SIGHT,
    84084: _("They are not friends at WeCom (any more)."),
    301002: PERMISSION,
    701008: _("This colleague has no licence for customer contact. HQ: activate one for her."),
    610016: _("The company is not verified at WeCom."),
}
UNANSWERED = _("WeCom gave no answer in time.")
OTHERS: dict[str, Any] = {
    "TimedOut": UNANSWERED,
    "Retry": _("WeCom did not answer properly."),
    "BadReply": _("What came back was no answer of WeCom's (perhaps a proxy's page)."),
    "BackOff": _("Our calls of this kind were used up for the moment."),
    "NeedsFix": _("The connection to WeCom must be mended. HQ: see the alarms."),
    "TokenRefused": _("WeCom does not accept our sign-in."),
}


def of(errcode: int | None, why: str = "") -> str:
    """What WeCom's answer means; `why` is the name of our error where there is no code."""
    if errcode in MEANINGS:
        return str(MEANINGS[errcode])
    if errcode:
        kind = errors.ACTIONS.get(errcode, errors.GiveUp).__name__
        said = OTHERS.get(kind) if kind != "BackOff" else MEANINGS[45009]
        return str(said or _("WeCom refused it."))
    return str(OTHERS.get(why) or _("WeCom refused it."))
