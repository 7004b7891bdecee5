"""What becomes of a call after a try: done, again later, looked up first, or the end of it. No database here."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from scrm.wecom.errors import CONFIGURATION, BackOff, NeedsFix, Refused, Retry, TokenRefused
from scrm.wecom.models import OutboundCall

State = OutboundCall.State

TRIES = 8
LONGEST_PAUSE = timedelta(minutes=10)
LOOK_AFTER = timedelta(seconds=20)  # WeCom's lists show new things a little late
WELCOME = "externalcontact/send_welcome_msg"


@dataclass(frozen=True, slots=True)
class Policy:
    """How an API may be called: twice or not, how soon again, how long we wait for it."""

    repeatable: bool = True
    first_pause: timedelta = timedelta(seconds=2)
    timeout: tuple[float, float] | None = None


POLICIES = {
    # WeCom itself lets a welcome through once, and the window is short.
    WELCOME: Policy(True, timedelta(seconds=0.5), (2, 5)),
    "externalcontact/add_contact_way": Policy(repeatable=False),
    "externalcontact/add_corp_tag": Policy(repeatable=False),
    "externalcontact/add_msg_template": Policy(repeatable=False),
    "externalcontact/add_moment_task": Policy(repeatable=False),
    "externalcontact/groupchat/add_join_way": Policy(repeatable=False),
}
_HARMLESS = Policy()


def policy_of(api: str) -> Policy:
    return POLICIES.get(api, _HARMLESS)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The new state of a call; answered_at says that it is final."""

    id: int
    state: str
    attempts: int
    in_doubt: bool
    due_at: datetime
    errcode: int | None
    last_error: str
    answered_at: datetime | None
    result: dict[str, Any] | None
    tried: dict[str, Any] | None = None  # what this try brought; None where none was made


def done(call: OutboundCall, said: dict[str, Any], at: datetime) -> Verdict:
    result = {name: value for name, value in said.items() if name not in ("errcode", "errmsg")}
    due_at, tried = _now_due(call, at), {"at": at.isoformat(), "errcode": 0}
    return Verdict(call.pk, State.DONE.value, call.attempts, call.in_doubt, due_at, 0, "", at, result, tried)


def expired(call: OutboundCall, at: datetime) -> Verdict:
    """Too late to be made; the try that was counted was none."""
    return _verdict(call, State.EXPIRED, call.attempts - 1, call.in_doubt, at, None, at)


def refused(call: OutboundCall, why: Refused, at: datetime) -> Verdict:
    """What the action table of WeCom's codes says, within the call's tries and deadline."""
    again_at = _again_at(call, why, at)
    lost = isinstance(why, Retry) and why.arrived
    in_doubt = call.in_doubt or lost
    counted = isinstance(why, Retry | TokenRefused)
    attempts = call.attempts if counted else max(0, call.attempts - (again_at is not None))
    if lost and not policy_of(call.api).repeatable:
        found = _verdict(call, State.UNKNOWN, attempts, in_doubt, at + LOOK_AFTER, why, None)
    elif again_at is None or (counted and attempts >= TRIES):
        found = _verdict(call, State.FAILED, attempts, in_doubt, at, why, at)
    elif call.deadline and again_at >= call.deadline:
        found = _verdict(call, State.EXPIRED, attempts, in_doubt, at, why, at)
    else:
        found = _verdict(call, State.PLANNED, attempts, in_doubt, again_at, why, None)
    return replace(found, tried=_tried(why, at, found))


def not_found_out(call: OutboundCall, why: Refused | None, at: datetime) -> Verdict:
    """The look-up failed too: later once more; without a way to look it up, a person must."""
    if why is None or call.attempts >= TRIES:
        found = _verdict(call, State.UNKNOWN, call.attempts, True, at, why, at)
    else:
        found = _verdict(call, State.UNKNOWN, call.attempts, True, at + _pause(call), why, None)
    return replace(found, tried=_tried(why, at, found))


def _tried(why: Refused | None, at: datetime, found: Verdict) -> dict[str, Any]:
    """A try that brought nothing, as the call remembers it."""
    again = None if found.answered_at else found.due_at.isoformat()
    kind = type(why).__name__ if why else ""
    return {"at": at.isoformat(), "errcode": why.errcode if why else None, "why": kind, "again_at": again}


def _again_at(call: OutboundCall, why: Refused, at: datetime) -> datetime | None:
    if isinstance(why, BackOff):
        return max(why.until, at)
    if isinstance(why, NeedsFix) and (why.api == "gettoken" or why.errcode in CONFIGURATION):
        return at + LONGEST_PAUSE  # somebody must mend the app; then it goes on by itself
    return at + _pause(call) if isinstance(why, Retry | TokenRefused) else None


def _pause(call: OutboundCall) -> timedelta:
    return min(policy_of(call.api).first_pause * 2 ** min(max(0, call.attempts - 1), 12), LONGEST_PAUSE)


def _now_due(call: OutboundCall, at: datetime) -> datetime:
    """An answer can be handed on in the very round that claimed the call."""
    return call.called_at or at


def _verdict(
    call: OutboundCall,
    state: OutboundCall.State,
    attempts: int,
    in_doubt: bool,
    due_at: datetime,
    why: Refused | None,
    answered_at: datetime | None,
) -> Verdict:
    code, error = (why.errcode, str(why)[:200]) if why else (call.errcode, call.last_error)
    due_at = _now_due(call, at=due_at) if answered_at else due_at
    return Verdict(call.pk, state.value, attempts, in_doubt, due_at, code, error, answered_at, None)
