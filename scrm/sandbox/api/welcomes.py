"""The welcome message to a new customer (WeCom doc 92137)."""

from typing import Any

from scrm.sandbox.api.bodies import Body
from scrm.sandbox.api.endpoints import Call, endpoint
from scrm.sandbox.api.errors import Refusal
from scrm.sandbox.api.media import require
from scrm.sandbox.nouns import Welcome

MOST_BYTES = 4000
MOST_ATTACHMENTS = 9


@endpoint("POST", "externalcontact/send_welcome_msg")
def send_welcome_msg(call: Call) -> dict[str, Any]:
    """WeCom doc 92137: within 20 s, once, by the first app that comes; text ≤ 4000 bytes, ≤ 9 attachments."""
    if not call.body.text("welcome_code"):
        raise Refusal(41049)
    text, attachments = check_message(call)
    welcome = _welcome(call, call.body.text("welcome_code"))
    welcome.used = True
    call.sandbox.log.add(
        "message", call.now, what="welcome", corp_id=call.corp.corp_id, agent_id=call.app.agent_id,
        userid=welcome.relation.userid, external_userid=welcome.relation.external_userid, text=text,
        attachments=attachments,
    )  # fmt: skip
    return {}


def check_message(call: Call) -> tuple[str, list[dict[str, Any]]]:
    """(text, attachments) of a welcome or a mass message, if they keep to the rules."""
    text, attachments = call.body.part("text").text("content"), call.body.parts("attachments") or []
    if not text and not attachments:
        raise Refusal(40063)
    if len(text.encode()) > MOST_BYTES:
        raise Refusal(45002)
    if len(attachments) > MOST_ATTACHMENTS:
        raise Refusal(41064)
    for each in attachments:
        _check(call, each)
    return text, [each.data for each in attachments]


def _welcome(call: Call, code: str) -> Welcome:
    """The greeting behind a code, if it may still be sent by us."""
    welcome, expires_at = call.corp.welcomes.get(code, (None, 0.0))
    if welcome is None:
        raise Refusal(41050)
    if welcome.rival_until and call.now < welcome.rival_until:
        raise Refusal(41096)
    if welcome.rival_until and welcome.rival_wins:
        welcome.used = True
    if welcome.used or welcome.relation.chatting:
        raise Refusal(41051)
    if call.now > expires_at or not welcome.relation.customer_side:
        raise Refusal(41050)
    return welcome


def _check(call: Call, each: Body) -> None:
    """The fields and sizes of one attachment."""
    kind, its = each.text("msgtype"), each.part(each.text("msgtype"))
    if kind not in ("image", "link", "miniprogram", "video", "file"):
        raise Refusal(41065)
    if kind == "link":
        _need(its, title=128, url=2048)
        _fits(its, desc=512, picurl=2048)
    elif kind == "miniprogram":
        _need(its, title=64, appid=128, page=1024)
        require(call, its.text("pic_media_id"), "image")
    elif kind == "image" and its.text("pic_url"):
        return
    else:
        require(call, its.text("media_id"), kind)


def _need(its: Body, **most: int) -> None:
    if any(not its.text(name) for name in most):
        raise Refusal(40063)
    _fits(its, **most)


def _fits(its: Body, **most: int) -> None:
    for name, length in most.items():
        if len(its.text(name).encode()) > length:
            raise Refusal(40058, f"{name} exceed max length {length}. invalid Request Parameter")
