"""Customer groups, to read (WeCom docs 92120, 92122, 92133)."""

from collections.abc import Iterable
from typing import Any

from scrm.sandbox.api.endpoints import Call, endpoint
from scrm.sandbox.api.errors import Refusal
from scrm.sandbox.api.figures import days_of
from scrm.sandbox.api.pages import page
from scrm.sandbox.clock import DAY, midnight
from scrm.sandbox.nouns import Group, Member

ORDERS = {1: "new_chat_cnt", 2: "chat_total", 3: "new_member_cnt", 4: "member_total"}


@endpoint("POST", "externalcontact/groupchat/list", lists=("group_chat_list",))
def groupchat_list(call: Call) -> dict[str, Any]:
    """WeCom doc 92120: the limit must be given; groups of owners who left only with an owner_filter."""
    limit, status = call.body.number("limit"), call.body.number("status_filter", 0)
    if limit is None or not 1 <= limit <= 1000:
        raise Refusal(40058, "limit invalid")
    if status not in (0, 1, 2, 3):
        raise Refusal(40058, "status_filter invalid")
    owners = _owners(call)
    rows = [
        {"chat_id": group.chat_id, "status": _status(call, group)}
        for group in ([] if call.empty() else _alive(call))
        if (owners is None and _status(call, group) == 0) or (owners is not None and group.owner.lower() in owners)
    ]
    some, cursor = page(call, [row for row in rows if not status or row["status"] == status], limit)
    return {"group_chat_list": some, "next_cursor": cursor}


@endpoint("POST", "externalcontact/groupchat/get")
def groupchat_get(call: Call) -> dict[str, Any]:
    """WeCom doc 92122: a POST although it is called get; names only with need_name=1."""
    group = call.corp.groups.get(call.body.text("chat_id"))
    if group is None:
        raise Refusal(40050)
    if group.dismissed:
        raise Refusal(49008)
    named = call.body.number("need_name") == 1
    return {
        "group_chat": {
            "chat_id": group.chat_id, "name": group.name, "owner": group.owner, "create_time": group.create_time,
            "notice": group.notice, "member_list": [_member(call, each, named) for each in group.members.values()],
            "admin_list": [{"userid": each} for each in group.admins], "member_version": group.member_version,
        }
    }  # fmt: skip


@endpoint("POST", "externalcontact/groupchat/statistic", lists=("items",))
def statistic(call: Call) -> dict[str, Any]:
    """WeCom doc 92133: figures by owner over the days; messages are not counted in this world."""
    start, end = days_of(call, "day_begin_time", "day_end_time")
    order = call.body.number("order_by", 1) or 1
    if order not in ORDERS:
        raise Refusal(40058, "order_by invalid")
    offset, limit = call.body.number("offset", 0) or 0, min(call.body.number("limit", 500) or 500, 1000)
    owners = sorted(_owners(call, True) or [])
    rows = [(owner, _figures(_of(call, {owner}), start, end)) for owner in owners]
    rows.sort(key=lambda row: row[1][ORDERS[order]], reverse=not call.body.number("order_asc", 0))
    some = [{"owner": owner, "data": data} for owner, data in rows[offset : offset + limit]]
    return {"total": len(rows), "next_offset": offset + len(some), "items": some}


@endpoint("POST", "externalcontact/groupchat/statistic_group_by_day", lists=("items",))
def statistic_group_by_day(call: Call) -> dict[str, Any]:
    """WeCom doc 92133: the same, day by day, over all owners of the filter."""
    start, end = days_of(call, "day_begin_time", "day_end_time")
    groups = _of(call, _owners(call, True) or set())
    days = range(start, end, DAY)
    return {"items": [{"stat_time": day, "data": _figures(groups, day, day + DAY)} for day in days]}


def _alive(call: Call) -> Iterable[Group]:
    return (group for group in call.corp.groups.values() if not group.dismissed)


def _owners(call: Call, needed: bool = False) -> set[str] | None:
    """The userids of owner_filter in lower case, None when there is no filter."""
    if not call.body.has("owner_filter"):
        if needed:
            raise Refusal(40058, "missing field owner_filter")
        return None
    names = call.body.part("owner_filter").texts("userid_list") or []
    if len(names) > 100:
        raise Refusal(40058, "userid_list exceed max length 100")
    return {name.lower() for name in names}


def _of(call: Call, owners: set[str]) -> list[Group]:
    return [group for group in _alive(call) if group.owner.lower() in owners]


def _status(call: Call, group: Group) -> int:
    return 0 if call.corp.user(group.owner) else 1


def _member(call: Call, member: Member, named: bool) -> dict[str, Any]:
    """One row of member_list; the inviter only if she is of the corp."""
    said: dict[str, Any] = {
        "userid": member.id, "type": member.type, "join_time": member.join_time, "join_scene": member.join_scene,
        "group_nickname": "",
    }  # fmt: skip
    if call.corp.user(member.invitor):
        said["invitor"] = {"userid": member.invitor}
    customer = call.corp.customers.get(member.id)
    if customer and customer.unionid:
        said["unionid"] = customer.unionid
    if named:
        said["name"] = member.name
    return said


def _figures(groups: list[Group], start: int, end: int) -> dict[str, int]:
    """The totals as they are now of what there was before `end`, and what is new since `start`."""
    born = [group for group in groups if group.create_time < end]
    members = [each for group in born for each in group.members.values() if each.join_time < end]
    return {
        "new_chat_cnt": sum(midnight(group.create_time) >= start for group in born),
        "chat_total": len(born),
        "chat_has_msg": 0,
        "new_member_cnt": sum(each.join_time >= start for each in members),
        "member_total": len(members),
        "member_has_msg": 0,
        "msg_total": 0,
        "migrate_trainee_chat_cnt": 0,
    }
