"""Acquisition links, 获客链接 (WeCom docs 97297, 97298, 97375)."""

from typing import Any

from scrm.sandbox.api.bodies import Body
from scrm.sandbox.api.endpoints import Call, endpoint
from scrm.sandbox.api.errors import Refusal
from scrm.sandbox.api.pages import page, window
from scrm.sandbox.nouns import Link

PATH = "externalcontact/customer_acquisition"


@endpoint("POST", f"{PATH}/create_link")
def create_link(call: Call) -> dict[str, Any]:
    """WeCom doc 97297: the fields stand at the top level."""
    name = call.body.text("link_name")
    if not name:
        raise Refusal(40063)
    link = Link("ca" + call.world.word(16), name, int(call.now), call.app.agent_id)
    _write(call, link)
    call.corp.links[link.link_id] = link
    return {"link": {"link_id": link.link_id, **_told(link)}}


@endpoint("POST", f"{PATH}/update_link")
def update_link(call: Call) -> dict[str, Any]:
    """WeCom doc 97297: the range overwrites."""
    _write(call, _link(call))
    return {}


@endpoint("POST", f"{PATH}/delete_link")
def delete_link(call: Call) -> dict[str, Any]:
    """WeCom doc 97297."""
    _link(call).deleted = True
    return {}


@endpoint("POST", f"{PATH}/get")
def get(call: Call) -> dict[str, Any]:
    """WeCom doc 97297."""
    link = _link(call)
    return {
        "link": {**_told(link), "skip_verify": link.skip_verify, "mark_source": True},
        "range": {"user_list": link.users, "department_list": link.parties},
    }


@endpoint("POST", f"{PATH}/list_link", lists=("link_id_list",))
def list_link(call: Call) -> dict[str, Any]:
    """WeCom doc 97297: the links that this app made."""
    mine = [link.link_id for link in call.corp.links.values() if link.owner == call.app.agent_id and not link.deleted]
    some, cursor = page(call, mine, window(call, "limit", default=100, most=100))
    return {"link_id_list": some, "next_cursor": cursor}


@endpoint("POST", f"{PATH}/customer", lists=("customer_list",))
def customer(call: Call) -> dict[str, Any]:
    """WeCom doc 97298: who came by a link; chat_status 1 when she has written."""
    some, cursor = page(call, _link(call).customers, window(call, "limit", default=1000, most=1000))
    rows = []
    for external_userid, userid, state in some:
        relation = call.corp.relation(userid, external_userid)
        status = int(relation is not None and relation.chatting)
        rows.append({"external_userid": external_userid, "userid": userid, "chat_status": status, "state": state})
    return {"customer_list": rows, "next_cursor": cursor}


@endpoint("GET", "externalcontact/customer_acquisition_quota", lists=("quota_list",))
def quota(call: Call) -> dict[str, Any]:
    """WeCom doc 97375: this world has plenty."""
    used = sum(len(link.customers) for link in call.corp.links.values())
    return {"total": 10_000, "balance": 10_000 - used, "quota_list": []}


def _link(call: Call) -> Link:
    """The app's own living link."""
    link = call.corp.links.get(call.body.text("link_id"))
    if link is None or link.deleted or link.owner != call.app.agent_id:
        raise Refusal(40058, "invalid link_id")
    return link


def _write(call: Call, link: Link) -> None:
    name, reach = call.body.text("link_name", link.name), call.body.part("range")
    if len(name) > 30:
        raise Refusal(40058, "link_name exceed max length 30. invalid Request Parameter")
    users, parties = _reach(call, reach) if call.body.has("range") else (link.users, link.parties)
    if not users and not parties:
        raise Refusal(40063)
    link.name, link.users, link.parties = name, users, parties
    link.skip_verify = call.body.flag("skip_verify", link.skip_verify)


def _reach(call: Call, reach: Body) -> tuple[list[str], list[int]]:
    users = [call.user(each).userid for each in reach.texts("user_list") or []]
    parties = reach.numbers("department_list") or []
    if any(each not in call.corp.departments for each in parties):
        raise Refusal(60123)
    return users, parties


def _told(link: Link) -> dict[str, Any]:
    return {"link_name": link.name, "url": link.url, "create_time": link.create_time}
