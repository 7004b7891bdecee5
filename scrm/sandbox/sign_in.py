"""Where WeCom asks who somebody is: OAuth inside the client, the QR code page for browsers, and the way back.

    /connect/oauth2/authorize  appid, redirect_uri, state, agentid, scope (6.1 of the callback reference)
    /wwlogin/sso/login         login_type=CorpApp, appid, agentid, redirect_uri, state (6.2)

Both ask which member of the corp looks at them, since nobody has a phone here, and lead back with a code; whoever
refuses is led back without one. `as=<userid>` answers the question at once, for programs.
"""

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from scrm.sandbox.http import Request, Response
from scrm.sandbox.nouns import ACTIVE, App, User
from scrm.sandbox.world import Corp

if TYPE_CHECKING:
    from scrm.sandbox.sandbox import Sandbox

AUTHORIZE, QR = "/connect/oauth2/authorize", "/wwlogin/sso/login"
PATHS = (AUTHORIZE, QR)
CODE_LIVES = 300
SHOWN = 200
STRANGER = "*"  # somebody outside of the corp
PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/sandbox/look.css"></head>
<body><div class="chat"><section>
<p class="soft middle">企业微信（沙盒）</p><h1 class="middle">{title}</h1>{body}
</section></div></body></html>"""


class Closed(Exception):
    """WeCom shows this page instead of leading anywhere; the message is what it says."""


def answer(sandbox: "Sandbox", request: Request) -> Response:
    """The page that asks, or the way back."""
    with sandbox.world.lock:
        try:
            corp, app = _asked_by(sandbox, request)
            chosen = request.query.get("as")
            if chosen is None:
                return _page("选择你的身份", _choices(corp, app, request))
            return _back(sandbox, corp, app, request, chosen)
        except Closed as closed:
            return _page("无法访问", f'<p class="bad middle">{escape(str(closed))}</p>', status=400)


def _asked_by(sandbox: "Sandbox", request: Request) -> tuple[Corp, App]:
    """The corp and the app that want to know."""
    corp = sandbox.world.corps.get(request.query.get("appid", ""))
    if corp is None:
        raise Closed("appid 错误（40013）：没有这个企业。")
    app = corp.apps.get(request.query.get("agentid", "")) or _only_app(corp, request)
    if app is None or app.kind != "app" or app.disabled:
        raise Closed("agentid 错误（40056）：企业里没有这个应用，或应用已停用。")
    target = urlsplit(request.query.get("redirect_uri", ""))
    if target.scheme not in ("http", "https") or not target.netloc:
        raise Closed("redirect_uri 参数错误（50001）。")
    if app.trusted_domains and target.netloc.lower() not in {each.lower() for each in app.trusted_domains}:
        raise Closed(f"redirect_uri 的域名 {target.netloc} 不在应用的可信域名里（50001），端口也必须一致。")
    return corp, app


def _only_app(corp: Corp, request: Request) -> App | None:
    """Inside the client agentid may be left out: then the corp's first app asks."""
    if request.path == QR:
        return None
    return next((app for app in corp.apps.values() if app.kind == "app"), None)


def _choices(corp: Corp, app: App, request: Request) -> str:
    """The members whom the app sees, each a link; somebody from outside; and the way to refuse."""
    people = [user for user in corp.users.values() if user.here and user.status == ACTIVE and corp.seen_by(app, user)]
    rows = "".join(
        f'<li><a class="row" href="{_link(request, user.userid)}"><b>{escape(user.name)}</b>'
        f'<span class="soft">{escape(_place(corp, user))}</span></a></li>'
        for user in people[:SHOWN]
    )
    others = (
        f'<li><a class="row" href="{_link(request, STRANGER)}"><b>一位外部联系人</b>'
        f'<span class="soft">不是企业成员</span></a></li>'
    )
    ask = "扫码登录" if request.path == QR else "网页授权"
    return (
        f'<p class="soft middle">{escape(app.name)} · {ask} · 沙盒里没有手机，请点你要扮演的成员</p>'
        f'<ul class="people">{rows}{others}</ul>'
        f'<p class="middle"><a class="soft" href="{_link(request, "")}">拒绝授权</a></p>'
    )


def _place(corp: Corp, user: User) -> str:
    names = [corp.departments[each].name for each in user.departments if each in corp.departments]
    return " · ".join([*names[:1], user.position])


def _link(request: Request, chosen: str) -> str:
    return escape(f"{request.path}?{urlencode({**request.query, 'as': chosen})}")


def _back(sandbox: "Sandbox", corp: Corp, app: App, request: Request, chosen: str) -> Response:
    """To the app with a code of whoever was chosen; without one after a refusal."""
    state, target = request.query.get("state", ""), request.query["redirect_uri"]
    said = {"state": state}
    if chosen:
        said = {"code": _code(sandbox, corp, app, request, chosen), "state": state}
    sign = "&" if urlsplit(target).query else "?"
    return Response(302, headers={"Location": f"{target}{sign}{urlencode(said)}", "Cache-Control": "no-store"})


def _code(sandbox: "Sandbox", corp: Corp, app: App, request: Request, chosen: str) -> str:
    world = sandbox.world
    if chosen == STRANGER:
        who = {"openid": "o" + world.word(27), "external_userid": world.id(corp, "wm")}
    else:
        user = corp.user(chosen)
        if user is None or user.status != ACTIVE:
            raise Closed("没有这个成员，或成员已停用。")
        who = {"userid": user.userid}
    code = world.word(43)
    private = request.query.get("scope") == "snsapi_privateinfo" and bool(request.query.get("agentid"))
    corp.oauth_codes[code] = {
        **who, "agent_id": app.agent_id, "private": private, "expires_at": world.clock.now() + CODE_LIVES,
    }  # fmt: skip
    return code


def _page(title: str, body: str, status: int = 200) -> Response:
    headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
    return Response(status, PAGE.format(title=title, body=body).encode(), headers)
