"""Messages of the app to members (WeCom doc 90236)."""

from typing import Any

from scrm.sandbox.api.endpoints import Call, endpoint
from scrm.sandbox.api.errors import Refusal
from scrm.sandbox.nouns import User

KINDS = (
    "text", "image", "voice", "video", "file", "textcard", "news", "mpnews", "markdown", "miniprogram_notice",
    "template_card",
)  # fmt: skip
MOST_USERS = 1000


@endpoint("POST", "message/send")
def send(call: Call) -> dict[str, Any]:
    """WeCom doc 90236: bad recipients are listed in lower case; only when all are bad it is an error."""
    kind = call.body.text("msgtype")
    if kind not in KINDS:
        raise Refusal(40008)
    _agent(call)
    if kind == "text" and not call.body.part("text").text("content"):
        raise Refusal(44004)
    users, bad_users, bad_parties = _recipients(call)
    if not users:
        raise Refusal(81013)
    msgid = call.world.word(64)
    call.sandbox.log.add(
        "message", call.now, what="app", corp_id=call.corp.corp_id, agent_id=call.app.agent_id, msgid=msgid,
        users=[user.userid for user in users], msgtype=kind, content=call.body.data.get(kind),
    )  # fmt: skip
    card = {"response_code": call.world.word(43)} if kind == "template_card" else {}
    return {
        "invaliduser": "|".join(bad_users), "invalidparty": "|".join(bad_parties), "invalidtag": "",
        "unlicenseduser": "", "msgid": msgid, **card,
    }  # fmt: skip


def _agent(call: Call) -> None:
    """The agentid must be there and be the token's own (not so for mini-program notices)."""
    if call.body.text("msgtype") == "miniprogram_notice":
        return
    agent_id = call.body.number("agentid")
    if agent_id is None:
        raise Refusal(41011)
    if str(agent_id) not in call.corp.apps:
        raise Refusal(40056)
    if str(agent_id) != call.app.agent_id:
        raise Refusal(301002, "not allow operate another agent with this accesstoken.")


def _recipients(call: Call) -> tuple[list[User], list[str], list[str]]:
    """(the members who get it, unknown userids in lower case, unknown departments)."""
    touser, toparty, totag = (call.body.text(name) for name in ("touser", "toparty", "totag"))
    if not (touser or toparty or totag):
        raise Refusal(82001)
    everybody = (user for user in call.corp.users.values() if user.here and call.corp.seen_by(call.app, user))
    seen = {user.userid.lower(): user for user in everybody}
    if touser == "@all":
        return list(seen.values()), [], []
    names = [name.lower() for name in touser.split("|") if name]
    if len(names) > MOST_USERS:
        raise Refusal(40032, "invalid user list size")
    parties = [name for name in toparty.split("|") if name]
    found = {name: seen[name] for name in names if name in seen}
    good = [name for name in parties if name.isdigit() and int(name) in call.corp.departments]
    for name in good:
        found.update({user.userid.lower(): user for user in call.corp.people_of(int(name), deep=True)})
    return list(found.values()), [name for name in names if name not in seen], [p for p in parties if p not in good]
