"""What a report of a failure may tell whoever keeps such reports: the class and the places, never whom it was about.

An exception's text may quote a row, an address may open a customer's own page, a form holds what she typed. So texts of
exceptions, forms, headers, queries, cookies, users, breadcrumbs and whatever libraries add go; links and phones are
blotted out of what is left.
"""

import re
from typing import Any

from scrm.loglines import PERSONAL, SECRETS

PHONE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)")
CONTACT = re.compile(r"\bw[mo][A-Za-z0-9_-]{28,40}(?![A-Za-z0-9_-])")  # WeCom's id of a customer
TOLD = (  # all that leaves
    *("event_id", "timestamp", "platform", "level", "logger", "type", "environment", "release", "server_name"),
    *("transaction", "transaction_info", "exception", "logentry", "message", "request", "contexts", "tags", "modules"),
    *("sdk", "start_timestamp"),
)
CONTEXTS = ("trace", "runtime", "os")
OF_A_FRAME = ("filename", "abs_path", "function", "module", "lineno", "in_app", "pre_context", "context_line")
OPTIONS: dict[str, Any] = {
    "send_default_pii": False,
    "include_local_variables": False,
    "max_request_body_size": "never",
    "max_breadcrumbs": 0,
    "traces_sample_rate": None,
    "before_send": lambda event, hint: without_persons(event),
    "before_send_transaction": lambda event, hint: without_persons(event),
}


def without_persons(event: dict[str, Any]) -> dict[str, Any]:
    """The event as it may leave."""
    told = {name: event[name] for name in TOLD if event.get(name)}
    if "request" in told:
        asked: dict[str, Any] = told["request"]
        told["request"] = {"method": asked.get("method"), "url": str(asked.get("url", "")).partition("?")[0]}
    if "exception" in told:
        told["exception"] = {"values": [_failure(one) for one in told["exception"].get("values", [])]}
    if "logentry" in told:
        told["logentry"] = {"message": _line(told["logentry"])}
    told["contexts"] = {name: told["contexts"][name] for name in CONTEXTS if name in told.get("contexts", {})}
    return {name: _blotted(value) for name, value in told.items()}


def _failure(one: dict[str, Any]) -> dict[str, Any]:
    """Its class and where it passed; its words may quote anybody."""
    frames = (one.get("stacktrace") or {}).get("frames", [])
    kept = [{name: frame[name] for name in OF_A_FRAME if name in frame} for frame in frames]
    return {"type": one.get("type"), "module": one.get("module"), "value": "…", "stacktrace": {"frames": kept}}


def _line(said: dict[str, Any]) -> str:
    """A line of the log before anything was filled in; of ours, which are tables, the event's name."""
    message = said.get("message", "")
    return str(message.get("event", "") if isinstance(message, dict) else message)


def _blotted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _blotted(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_blotted(one) for one in value]
    if not isinstance(value, str):
        return value
    for pattern, with_ in ((SECRETS, r"\1…"), (PERSONAL, r"\1…"), (PHONE, "…"), (CONTACT, "…")):
        value = pattern.sub(with_, value)
    return value
