"""What a line of the log may hold: ids and names of what happened, never what somebody wrote or is called.

An exception's text may quote a row with a customer's name, or a URL with a token; so a line tells its class and the
places that it passed, which is what one looks for.
"""

import re
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

Line = MutableMapping[str, Any]
SECRETS = re.compile(r"((?:corpsecret|access_token|welcome_code|suite_ticket|code)=)[^&\s'\")]+")
PERSONAL = re.compile(r"(/(?:my|join)/)[^/\s?\"']+")  # links that open a customer's own page to whoever has them
PLACES = 12  # the innermost frames of an exception
LONGEST = 2_000  # characters of a line that a library wrote


def without_texts(_logger: Any, _method: str, line: Line) -> Line:
    """Exceptions by class and place; libraries that quote them say the class alone."""
    error = _error(line.pop("exc_info", None))
    if error is not None:
        line["exception"] = _chain(error)
        if "error" in line:
            line["error"] = type(error).__name__
    if "reason" in line and line.get("event") == "task_retrying":
        line["reason"] = type(line["reason"]).__name__
    return line


def without_secrets(_logger: Any, _method: str, line: Line) -> Line:
    """Secrets that stand in addresses are blotted out, and nothing is endless."""
    event = line.get("event")
    if isinstance(event, str) and ("=" in event or len(event) > LONGEST):
        line["event"] = SECRETS.sub(r"\1…", event[:LONGEST])
    for name in ("event", "request"):
        if isinstance(said := line.get(name), str) and "/" in said:
            line[name] = PERSONAL.sub(r"\1…", said)
    return line


def _error(said: Any) -> BaseException | None:
    if isinstance(said, BaseException):
        return said
    if isinstance(said, tuple):
        return said[1] if len(said) > 1 else None
    return sys.exc_info()[1] if said else None


def _chain(error: BaseException) -> list[dict[str, Any]]:
    """An exception and what caused it, the last one first."""
    told: list[dict[str, Any]] = []
    seen: BaseException | None = error
    while seen is not None and len(told) < 5:
        told.append({"class": f"{type(seen).__module__}.{type(seen).__qualname__}", "at": _places(seen.__traceback__)})
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return told


def _places(at: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(at)[-PLACES:]
    return [f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno} {frame.name}" for frame in frames]
