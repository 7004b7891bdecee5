"""Credentials, tickets and addresses."""

from typing import Any

from scrm.sandbox.api.endpoints import Call, endpoint
from scrm.sandbox.api.errors import Refusal
from scrm.sandbox.limits import TOKEN_LIVES


@endpoint("GET", "gettoken", token=False)
def gettoken(call: Call) -> dict[str, Any]:
    """WeCom doc 91039. The same token within its validity; repeated wrong secrets ban the address for an hour."""
    limits = call.sandbox.limits
    if limits.barred(call.ip):
        raise Refusal(45009)
    if not call.query.get("corpsecret"):
        raise Refusal(41004)
    if not call.query.get("corpid"):
        raise Refusal(41002)
    corp = call.world.corps.get(call.query["corpid"])
    if corp is None:
        raise Refusal(40013)
    for app in corp.apps.values():
        if app.secret == call.query["corpsecret"] and not app.disabled:
            call.corp, call.app = corp, app
            token = call.sandbox.tokens.give(app)
            return {"access_token": token.text, "expires_in": round(token.expires_at - call.now)}
    limits.wrong_secret(call.ip)
    raise Refusal(40001)


@endpoint("GET", "getcallbackip", lists=("ip_list",))
def getcallbackip(call: Call) -> dict[str, Any]:
    """WeCom doc 92521: the addresses that letters come from."""
    return {"ip_list": ["127.0.0.1"]}


@endpoint("GET", "get_api_domain_ip", lists=("ip_list",))
def get_api_domain_ip(call: Call) -> dict[str, Any]:
    """WeCom doc 92520: the addresses of the API."""
    return {"ip_list": ["127.0.0.1"]}


@endpoint("GET", "get_jsapi_ticket")
def get_jsapi_ticket(call: Call) -> dict[str, Any]:
    """WeCom doc 90506: the corp's ticket."""
    return {"ticket": call.sandbox.tokens.ticket(call.app, "corp").text, "expires_in": TOKEN_LIVES}


@endpoint("GET", "ticket/get")
def ticket_get(call: Call) -> dict[str, Any]:
    """WeCom doc 90506: the app's own ticket, type=agent_config."""
    if call.query.get("type") != "agent_config":
        raise Refusal(91040)
    return {"ticket": call.sandbox.tokens.ticket(call.app, "agent").text, "expires_in": TOKEN_LIVES}
