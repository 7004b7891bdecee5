"""Who came with a code (docs 91023, 95833)."""

from typing import Any

from scrm.sandbox.api.endpoints import Call, endpoint
from scrm.sandbox.api.errors import Refusal
from scrm.sandbox.nouns import DISABLED

TICKET_LIVES = 1800


@endpoint("GET", "auth/getuserinfo")
def getuserinfo(call: Call) -> dict[str, Any]:
    """WeCom doc 91023: once, within 5 minutes, and only for the app for which the code was made."""
    if not call.query.get("code"):
        raise Refusal(41008)
    known = call.corp.oauth_codes.get(call.query["code"])
    if known is None or known.get("agent_id", call.app.agent_id) != call.app.agent_id:
        raise Refusal(40029)
    code = call.corp.oauth_codes.pop(call.query["code"])
    if code["expires_at"] <= call.now:
        raise Refusal(40029)
    if "userid" not in code:
        return {"openid": code["openid"], "external_userid": code["external_userid"]}
    user = call.user(code["userid"], unknown=60111)
    if user.status == DISABLED:
        raise Refusal(60011)
    said = {"userid": user.userid}
    if code.get("private"):
        ticket = said["user_ticket"] = call.world.word(64)
        call.corp.user_tickets[ticket] = (user.userid, call.now + TICKET_LIVES)
    return said


@endpoint("POST", "auth/getuserdetail")
def getuserdetail(call: Call) -> dict[str, Any]:
    """WeCom doc 95833: what a member lets the app know."""
    ticket = call.body.text("user_ticket")
    if not ticket:
        raise Refusal(84090)
    userid, expires_at = call.corp.user_tickets.get(ticket, ("", 0.0))
    if not userid:
        raise Refusal(84015)
    if expires_at <= call.now:
        raise Refusal(84014)
    user = call.user(userid, unknown=60111)
    return {
        "userid": user.userid, "gender": user.gender, "mobile": user.mobile, "email": "", "biz_mail": "",
        "avatar": "", "address": "", "qr_code": f"{call.sandbox.base_url}/sandbox/",
    }  # fmt: skip
