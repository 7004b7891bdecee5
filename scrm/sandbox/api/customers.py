"""Customers and what members know of them (externalcontact)."""

from typing import Any

from scrm.sandbox import relations
from scrm.sandbox.api.endpoints import Call, endpoint
from scrm.sandbox.api.errors import Refusal
from scrm.sandbox.api.pages import cursor_at, page, position, window
from scrm.sandbox.nouns import WECOM, Customer, Relation, Tag

STRIDE = 10**13
FOLLOWERS = 500


@endpoint("GET", "externalcontact/get_follow_user_list", lists=("follow_user",))
def get_follow_user_list(call: Call) -> dict[str, Any]:
    """WeCom doc 92571: the visible members who have customer contact."""
    users = [] if call.empty() else list(call.corp.users.values())
    served = [user for user in users if user.here and user.serves and call.corp.seen_by(call.app, user)]
    return {"follow_user": [user.userid for user in served]}


@endpoint("GET", "externalcontact/list", lists=("external_userid",))
def customer_list(call: Call) -> dict[str, Any]:
    """WeCom doc 92113: ids only; 84061 means "no customers", 60111 an empty userid."""
    user = call.user(call.query.get("userid", ""), missing=60111)
    rows = [] if call.empty() else _of_user(call, user.userid)
    if not rows:
        raise Refusal(84061)
    return {"external_userid": [row.external_userid for row in rows]}


@endpoint("GET", "externalcontact/get", lists=("follow_user",))
def customer_get(call: Call) -> dict[str, Any]:
    """WeCom doc 92114: one customer and her followers; follow_user, tags as objects."""
    customer = _customer(call, call.query.get("external_userid", ""))
    rows = [
        row
        for row in call.corp.by_customer.get(customer.external_userid, {}).values()
        if call.listed(row) and (user := call.corp.user(row.userid)) and call.corp.seen_by(call.app, user)
    ]
    if not rows or call.empty():
        raise Refusal(84061)
    some, cursor = page(call, rows, FOLLOWERS, call.query.get("cursor", ""))
    more = {"next_cursor": cursor} if cursor else {}
    tags = _tags(call)
    return {"external_contact": _person(customer), "follow_user": [_follow_user(row, tags) for row in some], **more}


@endpoint("POST", "externalcontact/batch/get_by_user", lists=("external_contact_list",))
def get_by_user(call: Call) -> dict[str, Any]:
    """WeCom doc 92994: one row for each relation; follow_info, tag ids only; the limit is clamped to 100."""
    userids = call.body.texts("userid_list") or ([call.body.text("userid")] if call.body.text("userid") else [])
    if not userids:
        raise Refusal(40058, "missing field useridlist. invalid Request Parameter")
    if len(userids) > 100:
        raise Refusal(40058, "userid_list exceed max length 100. invalid Request Parameter")
    users = [call.user(userid) for userid in userids]
    rows = [] if call.empty() else [
        (number * STRIDE + row.seq, row) for number, user in enumerate(users) for row in _of_user(call, user.userid)
    ]  # fmt: skip
    some, cursor = _relations_after(call, rows)
    tags = _tags(call)
    return {
        "external_contact_list": [
            {
                "external_contact": _person(call.corp.customers[row.external_userid]),
                "follow_info": _follow_info(row, tags),
            }
            for row in some
        ],
        "next_cursor": cursor,
    }


def _relations_after(call: Call, rows: list[tuple[int, Relation]]) -> tuple[list[Relation], str]:
    """A page whose cursor survives adds and deletes; the faults repeat_page and skip_page bend it."""
    start, limit = position(call, call.body.text("cursor")), window(call, "limit", default=50, most=100)
    later = [row for row in rows if row[0] > start]
    end = later[limit - 1][0] if len(later) > limit else 0
    if end and call.sandbox.faults.strikes("repeat_page"):
        return [row for _, row in later[:limit]], cursor_at(call, start)
    if end and call.sandbox.faults.strikes("skip_page"):
        end = later[min(2 * limit, len(later)) - 1][0]
    return [row for _, row in later[:limit]], cursor_at(call, end) if end else ""


@endpoint("POST", "externalcontact/remark")
def remark(call: Call) -> dict[str, Any]:
    """WeCom doc 92115: phones overwrite, [""] clears them; the company only of WeChat customers."""
    relation = _relation(call)
    body = call.body
    changes: dict[str, Any] = {name: body.text(name) for name in ("remark", "description") if body.has(name)}
    if body.has("remark_company"):
        changes["remark_company"] = body.text("remark_company")
    if (phones := body.texts("remark_mobiles")) is not None:
        changes["remark_mobiles"] = [phone for phone in phones if phone]
    if not changes and not body.has("remark_pic_mediaid"):
        raise Refusal(40063)
    for name, most in (("remark", 20), ("description", 150), ("remark_company", 20)):
        if len(changes.get(name, "")) > most:
            raise Refusal(40058, f"{name} exceed max length {most}. invalid Request Parameter")
    if call.corp.customers[relation.external_userid].type == WECOM:
        changes.pop("remark_company", None)
    _write(call, relation, changes)
    return {}


@endpoint("POST", "externalcontact/mark_tag")
def mark_tag(call: Call) -> dict[str, Any]:
    """WeCom doc 92118: tags belong to the pair of member and customer."""
    relation = _relation(call)
    added, removed = call.body.texts("add_tag") or [], call.body.texts("remove_tag") or []
    if not added and not removed:
        raise Refusal(41017)
    known = _tags(call)
    if any(tag not in known for tag in (*added, *removed)):
        raise Refusal(40068)
    kept = [tag for tag in relation.tags if tag not in removed]
    _write(call, relation, {"tags": list(dict.fromkeys(kept + added))})
    return {}


def _write(call: Call, relation: Relation, changes: dict[str, Any]) -> None:
    """What the API changes is told to nobody, unless the switch api_echo says so."""
    if call.world.switches.api_echo:
        return relations.edit(call.world, call.corp, relation, **changes)
    for name, value in changes.items():
        setattr(relation, name, value)


def _customer(call: Call, external_userid: str) -> Customer:
    if not external_userid:
        raise Refusal(41035)
    if external_userid not in call.corp.customers:
        raise Refusal(40096, f"invalid string value `{external_userid}`. invalid external userid")
    return call.corp.customers[external_userid]


def _relation(call: Call) -> Relation:
    """The pair that a body names, if the member still has the customer."""
    user = call.user(call.body.text("userid"))
    customer = _customer(call, call.body.text("external_userid"))
    relation = call.corp.relation(user.userid, customer.external_userid)
    if relation is None or not relation.guide_side:
        raise Refusal(84061)
    return relation


def _of_user(call: Call, userid: str) -> list[Relation]:
    return [row for row in call.corp.by_user.get(userid.lower(), {}).values() if call.listed(row)]


def _tags(call: Call) -> dict[str, tuple[str, Tag]]:
    """The living corp tags: id → (group name, tag)."""
    groups = call.corp.tag_groups.values()
    return {tag.id: (group.name, tag) for group in groups if not group.deleted for tag in group.alive}


def _person(customer: Customer) -> dict[str, Any]:
    person: dict[str, Any] = {
        "external_userid": customer.external_userid,
        "name": customer.name,
        "avatar": customer.avatar,
        "type": customer.type,
        "gender": customer.gender,
    }
    if customer.type == WECOM:
        person |= {
            "position": customer.position,
            "corp_name": customer.corp_name,
            "corp_full_name": customer.corp_name + "有限公司",
            "external_profile": {"external_attr": []},
        }
    elif customer.unionid:
        person["unionid"] = customer.unionid
    return person


def _follow(row: Relation) -> dict[str, Any]:
    """What both calls say of a relation; an empty state is no field."""
    said: dict[str, Any] = {
        "userid": row.userid,
        "remark": row.remark,
        "description": row.description,
        "createtime": row.createtime,
        "remark_mobiles": row.remark_mobiles,
        "oper_userid": row.oper_userid,
        "add_way": row.add_way,
    }
    if row.remark_company:
        said["remark_corp_name"] = row.remark_company
    if row.state:
        said["state"] = row.state
    return said


def _follow_user(row: Relation, known: dict[str, tuple[str, Tag]]) -> dict[str, Any]:
    corp_tags = [
        {"group_name": known[tag][0], "tag_name": known[tag][1].name, "tag_id": tag, "type": 1}
        for tag in row.tags
        if tag in known
    ]
    own = [{"group_name": "", "tag_name": tag, "type": 2} for tag in row.personal_tags]
    return {**_follow(row), "tags": corp_tags + own}


def _follow_info(row: Relation, known: dict[str, tuple[str, Tag]]) -> dict[str, Any]:
    return {**_follow(row), "tag_id": [tag for tag in row.tags if tag in known]}
