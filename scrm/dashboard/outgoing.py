"""What we asked of WeCom after an add, in sentences: the welcome, tags and remark, each with its tries."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from scrm.wecom import meanings, verdicts
from scrm.wecom.models import Letter, OutboundCall

GOOD, WAITS, BAD, PLAIN = "good", "waits", "bad", ""
WELCOME, REMARK, TAGS = verdicts.WELCOME, "externalcontact/remark", "externalcontact/mark_tag"
State, Welcome = OutboundCall.State, Letter.Welcome


@dataclass(frozen=True)
class Try:
    """One try of a call: when, how it went, when the next follows."""

    at: datetime
    text: str
    again_at: datetime | None = None


@dataclass(frozen=True)
class Step:
    """A sentence of the story; without a time when it has not happened yet."""

    kind: str
    at: datetime | None
    text: str
    tone: str = PLAIN
    advice: str = ""
    quote: str = ""
    tries: tuple[Try, ...] = ()


def welcome(state: str, call: OutboundCall | None, *, late: bool) -> Step:
    """What became of a welcome; each state of Letter.Welcome has its sentence and, where it failed, its remedy."""
    text, tone, advice = _said(state, call, late)
    at = call.answered_at if call and state not in (Welcome.WAITING, Welcome.SENDING) else None
    quote = _quote(call) if state == Welcome.SENT else ""
    return Step(f"welcome_{state}", at, text, tone, advice, quote, tries_of(call) if call else ())


def _said(state: str, call: OutboundCall | None, late: bool) -> tuple[str, str, str]:
    known: dict[str, tuple[str, str, str]] = {
        Welcome.WAITING: (_("The welcome is being written."), WAITS, _("If this stays, the worker does not run.")),
        Welcome.SENDING: (_("The welcome is on its way to WeCom."), WAITS, ""),
        Welcome.SENT: (_("The welcome was sent."), GOOD, ""),
        Welcome.ELSEWHERE: (
            _("No welcome from us: the chat had begun already, or another app was quicker."),
            PLAIN,
            _("If this happens often, switch the other app's welcomes off."),
        ),
        Welcome.MISSING: (
            _("No welcome from us: WeCom gave no right to send one."),
            PLAIN,
            _("It does so when WeCom's console has a welcome for this guide, or when the chat had begun."),
        ),
        Welcome.NOTHING: (
            _("No welcome: none is set up for this code, its store or the brand."),
            WAITS,
            _("Write one under Admin › Welcomes."),
        ),
    }
    if state == Welcome.EXPIRED:
        return _expired(call, late)
    if state == Welcome.FAILED:
        return _failed(call)
    return known.get(state, ("", PLAIN, ""))


def _expired(call: OutboundCall | None, late: bool) -> tuple[str, str, str]:
    text = _("No welcome: it was too late. WeCom allows 20 seconds after the add.")
    if late:
        return text, BAD, _("WeCom's message itself came too late; our server was not reachable at first.")
    if call is not None and call.errcode:
        return text, BAD, meanings.of(call.errcode)
    return text, BAD, _("The worker was busy or stood still at that time. HQ: see the alarms.")


def _failed(call: OutboundCall | None) -> tuple[str, str, str]:
    if call is None:
        text = _("No welcome: it could not be written.")
        return text, BAD, _("Look at the welcome of this code, its store and the brand. HQ: see the alarms.")
    return _("No welcome: WeCom refused it."), BAD, meanings.of(call.errcode, _kind(call))


def _quote(call: OutboundCall | None) -> str:
    said: Any = call.request().get("text") if call else None
    return str(said.get("content", "")) if isinstance(said, dict) else ""


WORDS: dict[str, Any] = {
    TAGS: lambda: (_("The code's tags were put on."), _("The code's tags could not be put on."), _("Tags follow.")),
    REMARK: lambda: (_("The remark was written."), _("The remark could not be written."), _("The remark follows.")),
}


def marking(call: OutboundCall) -> Step:
    """What became of tags, a remark or another call of ours."""
    plain = (_("WeCom did what we asked."), _("WeCom did not do what we asked."), _("WeCom is being asked."))
    done, failed, waits = WORDS.get(call.api, lambda: plain)()
    kind = {TAGS: "tags", REMARK: "remark"}.get(call.api, "call")
    if call.state == State.DONE:
        return Step(kind, call.answered_at, done, GOOD, tries=tries_of(call))
    if call.state in (State.FAILED, State.EXPIRED) or (call.state == State.UNKNOWN and call.answered_at):
        return Step(kind, call.answered_at, failed, BAD, meanings.of(call.errcode, _kind(call)), tries=tries_of(call))
    advice = meanings.of(call.errcode, _kind(call)) if call.last_error else ""
    return Step(kind, None, waits, WAITS, advice, tries=tries_of(call))


def tries_of(call: OutboundCall) -> tuple[Try, ...]:
    """The tries of a call that brought nothing, and with them the one that did."""
    told = [_try(one) for one in call.tries or ()]
    return tuple(told) if len(told) > 1 or any(one.get("errcode") != 0 for one in call.tries or ()) else ()


def _try(one: dict[str, Any]) -> Try:
    again = datetime.fromisoformat(one["again_at"]) if one.get("again_at") else None
    text = _("Done.") if one.get("errcode") == 0 else meanings.of(one.get("errcode"), one.get("why") or "")
    return Try(datetime.fromisoformat(one["at"]), text, again)


def _kind(call: OutboundCall) -> str:
    """The class of the last refusal, as the call remembers it."""
    return call.last_error.partition(" ")[0]


def technical(call: OutboundCall) -> str:
    """A call for engineers: id, API, state, tries and code."""
    code = "" if call.errcode is None else f" errcode={call.errcode}"
    return f"{call.pk} {call.api} {call.state} tries={call.attempts}{code}"
