"""Mass messages, 企业群发 (WeCom docs 92135, 93338, 97610, 97611)."""

from collections.abc import Sequence
from typing import Any

from scrm.sandbox.api.endpoints import Call, endpoint
from scrm.sandbox.api.errors import Refusal
from scrm.sandbox.api.pages import Row, page
from scrm.sandbox.api.welcomes import check_message
from scrm.sandbox.clock import DAY
from scrm.sandbox.masses import share, share_out
from scrm.sandbox.nouns import MassMessage, Relation, Share

REMINDERS = 3


@endpoint("POST", "externalcontact/add_msg_template", lists=("fail_list",))
def add_msg_template(call: Call) -> dict[str, Any]:
    """WeCom doc 92135: a task for members; who cannot be reached is in fail_list."""
    text, attachments = check_message(call)
    kind = call.body.text("chat_type", "single")
    mass = MassMessage("msg" + call.world.word(29), kind, int(call.now), call.app.agent_id, text, attachments)
    failed = _groups(call, mass) if kind == "group" else _customers(call, mass)
    if not any(part.targets for part in mass.shares.values()):
        raise Refusal(41048, fail_list=failed)
    call.corp.masses[mass.msgid] = mass
    return {"fail_list": failed, "msgid": mass.msgid}


def _customers(call: Call, mass: MassMessage) -> list[str]:
    """Share customers out; those named win over the tag filter, the sender alone means all of hers."""
    sender, named = call.body.text("sender"), call.body.texts("external_userid") or []
    groups = call.body.part("tag_filter").parts("group_list") or []
    if not sender and not named and not groups:
        raise Refusal(40063)
    if len(named) > 10_000:
        raise Refusal(40058, "external_userid exceed max length 10000. invalid Request Parameter")
    hers = {call.user(sender).userid.lower()} if sender else None
    rows = [row for row in call.corp.relations.values() if _reachable(call, row) and _of(row, hers)]
    if named:
        rows = [row for row in rows if row.external_userid in set(named)]
    elif groups:
        wanted = [set(each.texts("tag_list") or []) for each in groups]
        rows = [row for row in rows if all(each.intersection(row.tags) for each in wanted)]
    share_out(call.corp, mass, rows)
    reached = {row.external_userid for row in rows}
    return [each for each in named if each not in reached]


def _groups(call: Call, mass: MassMessage) -> list[str]:
    """A sender's groups, or those of them that are named."""
    if not call.body.text("sender"):
        raise Refusal(40063)
    sender, named = call.user(call.body.text("sender")), call.body.texts("chat_id_list") or []
    hers = [
        group.chat_id for group in call.corp.groups.values() if group.owner == sender.userid and not group.dismissed
    ]
    for chat_id in hers:
        if not named or chat_id in named:
            share(mass, sender.userid).targets[chat_id] = 0
    return [each for each in named if each not in hers]


def _reachable(call: Call, row: Relation) -> bool:
    user = call.corp.user(row.userid)
    return row.guide_side and user is not None and call.corp.seen_by(call.app, user)


def _of(row: Relation, users: set[str] | None) -> bool:
    return users is None or row.userid.lower() in users


@endpoint("POST", "externalcontact/get_groupmsg_list_v2", lists=("group_msg_list",))
def get_groupmsg_list_v2(call: Call) -> dict[str, Any]:
    """WeCom doc 93338: the tasks of a time; those made by the API have no creator."""
    start, end = call.body.number("start_time"), call.body.number("end_time")
    if start is None or end is None or not call.body.text("chat_type"):
        raise Refusal(40063)
    if not 0 <= end - start <= 31 * DAY:
        raise Refusal(600018)
    kind = call.body.text("chat_type")
    found = [each for each in call.corp.masses.values() if each.chat_type == kind and start <= each.create_time <= end]
    some, cursor = _page(call, found, default=50, most=100)
    rows = [
        {
            "msgid": each.msgid, "create_time": each.create_time, "create_type": 0,
            "text": {"content": each.text}, "attachments": each.attachments,
        }
        for each in some
    ]  # fmt: skip
    return {"next_cursor": cursor, "group_msg_list": rows}


@endpoint("POST", "externalcontact/get_groupmsg_task", lists=("task_list",))
def get_groupmsg_task(call: Call) -> dict[str, Any]:
    """WeCom doc 93338: status 0 not sent, 2 sent."""
    some, cursor = _page(call, list(_mass(call).shares.values()), default=500, most=1000)
    return {"next_cursor": cursor, "task_list": [_task(part) for part in some]}


def _task(part: Share) -> dict[str, Any]:
    sent = {"send_time": part.sent_at} if part.sent_at else {}
    return {"userid": part.userid, "status": 2 if part.sent_at else 0, **sent}


@endpoint("POST", "externalcontact/get_groupmsg_send_result", lists=("send_list",))
def get_groupmsg_send_result(call: Call) -> dict[str, Any]:
    """WeCom doc 93338: by customer or group; of groups only those that got it are listed."""
    mass = _mass(call)
    part = mass.shares.get(call.user(call.body.text("userid")).userid.lower())
    key = "chat_id" if mass.chat_type == "group" else "external_userid"
    targets = [each for each in (part.targets.items() if part else []) if key == "external_userid" or each[1]]
    some, cursor = _page(call, targets, default=500, most=1000)
    return {"next_cursor": cursor, "send_list": [_result(key, part, *each) for each in some if part]}


def _result(key: str, part: Share, target: str, status: int) -> dict[str, Any]:
    sent = {"send_time": part.sent_at} if status else {}
    return {key: target, "userid": part.userid, "status": status, **sent}


@endpoint("POST", "externalcontact/remind_groupmsg_send")
def remind_groupmsg_send(call: Call) -> dict[str, Any]:
    """WeCom doc 97610: three times in 24 hours."""
    mass = _mass(call)
    mass.reminded = [at for at in mass.reminded if at > call.now - DAY]
    if len(mass.reminded) >= REMINDERS:
        raise Refusal(41094)
    mass.reminded.append(call.now)
    return {}


@endpoint("POST", "externalcontact/cancel_groupmsg_send")
def cancel_groupmsg_send(call: Call) -> dict[str, Any]:
    """WeCom doc 97611: what was delivered stays."""
    _mass(call).cancelled = True
    return {}


def _mass(call: Call) -> MassMessage:
    mass = call.corp.masses.get(call.body.text("msgid"))
    if mass is None:
        raise Refusal(41047)
    if mass.cancelled and not any(part.sent_at for part in mass.shares.values()):
        raise Refusal(41093)
    return mass


def _page(call: Call, rows: Sequence[Row], *, default: int, most: int) -> tuple[list[Row], str]:
    """A limit over the most falls back to the default here."""
    limit = call.body.number("limit") or default
    return page(call, rows, limit if 0 < limit <= most else default)
