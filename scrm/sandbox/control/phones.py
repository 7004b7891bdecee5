"""Phones: what an SMS gateway would have sent to them, for people to read. No message leaves the sandbox."""

from typing import Any

from scrm.sandbox.control.pages import file
from scrm.sandbox.control.routes import Act, route
from scrm.sandbox.http import Response

SHOWN = 20


@route("POST", "sms")
def receive(act: Act) -> dict[str, Any]:
    """A message to a phone, as SMS_OUTLET_URL is told: phone, code and text."""
    said = {name: str(act.need(name))[:500] for name in ("phone", "text")}
    act.sandbox.log.add("sms", act.world.clock.now(), code=str(act.body.get("code") or "")[:20], **said)
    return {}


@route("GET", "sms", locked=False)
def phones(act: Act) -> Response:
    """The page on which they are read."""
    return file("phones.html")


@route("GET", "sms/all", locked=False)
def received(act: Act) -> dict[str, Any]:
    """The newest messages, newest first."""
    return {"messages": act.sandbox.log.since(kind="sms")[: -SHOWN - 1 : -1]}
