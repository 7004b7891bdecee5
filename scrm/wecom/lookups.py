"""Whether a call that got no answer took effect: asked before it is made again, since it must not be made twice."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from scrm.wecom import routes
from scrm.wecom.client import Client
from scrm.wecom.endpoints import pages
from scrm.wecom.models import OutboundCall

LookUp = Callable[[OutboundCall, Client], dict[str, Any] | None]
CLOCKS_DIFFER = timedelta(minutes=10)


def contact_way(call: OutboundCall, client: Client) -> dict[str, Any] | None:
    """The contact way that carries the state of this call, as add_contact_way would have answered."""
    state = call.request().get("state")
    for config_id in _ways_since(call, client) if state else ():
        way = client.externalcontact.get_contact_way(config_id)["contact_way"]
        if way.get("state") == state:
            return {"config_id": config_id, "qr_code": way.get("qr_code", "")}
    return None


def _ways_since(call: OutboundCall, client: Client) -> Iterator[str]:
    since = int((call.created_at - CLOCKS_DIFFER).timestamp())
    ask = client.externalcontact.list_contact_way
    for page in pages(
        "externalcontact/list_contact_way", lambda cursor: ask(start_time=since, cursor=cursor, limit=1000)
    ):
        yield from (way["config_id"] for way in page["contact_way"])


def corp_tags(call: OutboundCall, client: Client) -> dict[str, Any] | None:
    """The tag group of this call once it holds all the tags asked for, as add_corp_tag would have answered."""
    asked = call.request()
    wanted = {tag["name"] for tag in asked.get("tag", ())}
    for group in client.externalcontact.get_corp_tag_list()["tag_group"]:
        named = asked.get("group_id") in (None, group["group_id"]) and asked.get("group_name") in (
            None,
            group["group_name"],
        )
        tags = [tag for tag in group["tag"] if tag["name"] in wanted]
        if named and len(tags) == len(wanted):
            return {"tag_group": {**group, "tag": tags}}
    return None


OURS: dict[str, LookUp] = {
    "externalcontact/add_contact_way": contact_way,
    "externalcontact/add_corp_tag": corp_tags,
}


def for_api(api: str) -> LookUp | None:
    """How to look up a call of this API; the route table may know more than we do."""
    return routes.lookups().get(api) or OURS.get(api)
