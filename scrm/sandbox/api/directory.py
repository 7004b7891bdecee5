"""Members and departments, 通讯录. Apps get no mobile, gender or avatar: they were made after 2022-06-20."""

from collections.abc import Iterable
from typing import Any

from scrm.sandbox.api.endpoints import Call, endpoint
from scrm.sandbox.api.errors import Refusal
from scrm.sandbox.api.pages import page, window
from scrm.sandbox.nouns import Department, User


@endpoint("GET", "user/get")
def user_get(call: Call) -> dict[str, Any]:
    """WeCom doc 90196."""
    _details(call)
    return _user(call, call.user(call.query.get("userid", ""), unknown=60111))


@endpoint("GET", "user/list", lists=("userlist",))
def user_list(call: Call) -> dict[str, Any]:
    """WeCom doc 90201: the direct members of a department; fetch_child=1 is still understood."""
    return {"userlist": [_user(call, user) for user in _members(call)]}


@endpoint("GET", "user/simplelist", lists=("userlist",))
def user_simplelist(call: Call) -> dict[str, Any]:
    """WeCom doc 90200."""
    return {
        "userlist": [
            {"userid": user.userid, "name": user.name, "department": _seen(call, user), "open_userid": ""}
            for user in _members(call)
        ]
    }


@endpoint("POST", "user/list_id", lists=("dept_user",))
def user_list_id(call: Call) -> dict[str, Any]:
    """WeCom doc 96067: one row for each member and department; for the contact-sync secret only."""
    if call.app.kind != "sync" and not call.world.switches.list_id_for_apps:
        raise Refusal(48002)
    users = sorted((user for user in call.corp.users.values() if user.here), key=lambda user: user.userid)
    rows = [
        {"userid": user.userid, "department": each}
        for user in ([] if call.empty() else users)
        for each in _seen(call, user)
    ]
    some, cursor = page(call, rows, window(call, "limit", default=10_000, most=10_000))
    return {"next_cursor": cursor, "dept_user": some}


@endpoint("GET", "department/list", lists=("department",))
def department_list(call: Call) -> dict[str, Any]:
    """WeCom doc 90208: a subtree, or all that the app sees."""
    _details(call)
    return {"department": [_department(each) for each in _departments(call)]}


@endpoint("GET", "department/simplelist", lists=("department_id",))
def department_simplelist(call: Call) -> dict[str, Any]:
    """WeCom doc 95350."""
    rows = [{"id": each.id, "parentid": each.parent_id, "order": each.order} for each in _departments(call)]
    return {"department_id": rows}


@endpoint("GET", "department/get")
def department_get(call: Call) -> dict[str, Any]:
    """WeCom doc 95351."""
    _details(call)
    found = call.corp.departments.get(_number(call.query.get("id", "")))
    if found is None:
        raise Refusal(60123)
    if not call.corp.department_seen_by(call.app, found.id):
        raise Refusal(60011)
    return {"department": _department(found)}


def _details(call: Call) -> None:
    """The contact-sync secret reads no details from a new address (since 2022-08-15)."""
    if call.app.kind == "sync" and not call.world.switches.details_for_sync:
        raise Refusal(48009)


def _number(text: str) -> int:
    return int(text) if text.isdigit() else -1


def _members(call: Call) -> list[User]:
    """The members of ?department_id that the app sees."""
    _details(call)
    number = _number(call.query.get("department_id", ""))
    if number not in call.corp.departments:
        raise Refusal(60123)
    if not call.corp.department_seen_by(call.app, number):
        raise Refusal(60011)
    people = call.corp.people_of(number, deep=call.query.get("fetch_child") == "1")
    return [] if call.empty() else [user for user in people if call.corp.seen_by(call.app, user)]


def _departments(call: Call) -> Iterable[Department]:
    wanted = None
    if call.query.get("id"):
        number = _number(call.query["id"])
        if number not in call.corp.departments:
            raise Refusal(60123)
        wanted = call.corp.subtree(number)
    if call.empty():
        return []
    return [
        each
        for each in call.corp.departments.values()
        if (wanted is None or each.id in wanted) and call.corp.department_seen_by(call.app, each.id)
    ]


def _seen(call: Call, user: User) -> list[int]:
    return [each for each in user.departments if call.corp.department_seen_by(call.app, each)]


def _user(call: Call, user: User) -> dict[str, Any]:
    """A member as an app of today sees her."""
    places = _seen(call, user)
    return {
        "userid": user.userid,
        "name": user.name,
        "department": places,
        "order": [0 for _ in places],
        "position": user.position,
        "is_leader_in_dept": [int(each in user.leads) for each in places],
        "direct_leader": [],
        "status": user.status,
        "alias": user.alias,
        "telephone": "",
        "main_department": places[0] if places else 0,
        "extattr": {"attrs": _attributes(user)},
        "english_name": "",
        "open_userid": "",
    }


def _attributes(user: User) -> list[dict[str, Any]]:
    """The custom fields of her profile: a text field 工号 where she has a staff number."""
    return [{"type": 0, "name": "工号", "text": {"value": user.staff_number}}] if user.staff_number else []


def _department(each: Department) -> dict[str, Any]:
    return {
        "id": each.id,
        "name": each.name,
        "name_en": "",
        "department_leader": each.leaders,
        "parentid": each.parent_id,
        "order": each.order,
    }
