"""What an administrator does in WeCom's console: a corp, its apps, and all that lets an app in.

An app that is made here starts as in the real console: it sees nobody, trusts no address, hears no events and may not
use customer contact. `POST apps` makes one that may do everything.
"""

from dataclasses import replace
from typing import Any

from scrm.sandbox import brand, crypto
from scrm.sandbox.control.routes import Act, Wrong, route
from scrm.sandbox.courier import Postman
from scrm.sandbox.nouns import App
from scrm.sandbox.world import LETTERS

MOST_MEMBERS = 200


@route("POST", "corps")
def found(act: Act) -> dict[str, Any]:
    """A corp of your own {name, stores?, customers?}: its departments and people, no app but the contact sync."""
    corp = brand.a_corp(act.world, name=str(act.need("name"))[:64])
    numbers = {name: int(act.body.get(name) or 0) for name in ("stores", "customers")}
    brand.furnish(act.world, corp, **numbers, mark=f"{corp.name}·")
    return {"corp_id": corp.corp_id, "name": corp.name}


@route("GET", "console/glance")
def glance(act: Act) -> dict[str, Any]:
    """All that the console shows of a corp."""
    corp, people = act.corp, [user for user in act.corp.users.values() if user.here]
    return {
        "corps": [{"corp_id": each.corp_id, "name": each.name} for each in act.world.corps.values()],
        "corp_id": corp.corp_id, "name": corp.name, "people": len(people),
        "departments": [{"id": d.id, "name": d.name, "parent_id": d.parent_id} for d in corp.departments.values()],
        "apps": [_told(app) for app in corp.apps.values() if app.kind == "app"],
        "members": [_member(act, user) for user in people[:MOST_MEMBERS]],
    }  # fmt: skip


def _member(act: Act, user: Any) -> dict[str, Any]:
    kept = {name: getattr(user, name) for name in ("userid", "name", "position", "status", "serves", "verified")}
    shops = [act.corp.departments[each].name for each in user.departments if each in act.corp.departments]
    return {**kept, "staff_number": user.staff_number, "shop": "、".join(shops)}


@route("POST", "console/apps")
def make(act: Act) -> dict[str, Any]:
    """A new app {corp_id, name, visible?: department ids}."""
    app = brand.an_app(act.world, act.corp, name=str(act.need("name"))[:32])
    app.customer_contact = app.customer_events = app.contact_events = False
    app.trusted_ips, app.visible = [], [int(each) for each in act.body.get("visible") or []]
    app.token = app.aes_key = app.callback_url = ""
    return _told(app)


@route("POST", "console/secret")
def renew(act: Act) -> dict[str, Any]:
    """A new secret {agent_id}; the old one and its tokens are worth nothing from now on."""
    app = _app(act)
    act.sandbox.tokens.invalidate(app)
    app.secret = act.world.word(43, LETTERS)
    return _told(app)


@route("POST", "console/callback", locked=False)
def receive(act: Act) -> dict[str, Any]:
    """Save {agent_id, url, token, aes_key}: the URL must prove itself at once, else nothing is kept."""
    app, url = _app(act), str(act.need("url")).strip()
    wanted = replace(app, token=str(act.need("token")), aes_key=str(act.need("aes_key")))
    if not url.startswith(("http://", "https://")):
        raise Wrong("URL 必须以 http:// 或 https:// 开头")
    try:
        wrong = act.sandbox.courier.verify(wanted, url)
    except crypto.BadSeal as error:
        raise Wrong("EncodingAESKey 必须是 43 位字母或数字") from error
    if wrong:
        raise Wrong(f"40057 openapi 回调地址请求不通过：{_why(wrong)}（{wrong}）")
    app.token, app.aes_key, app.callback_url = wanted.token, wanted.aes_key, url
    return _told(app)


def _why(wrong: str) -> str:
    """What the answer of a receiver means, in words."""
    if "answered None" in wrong:
        return "该地址无法访问，或一秒内没有应答"
    if "answered 403" in wrong or "answered 400" in wrong:
        return "Token、EncodingAESKey 或企业 ID 与对方填写的不一致"
    return "该地址没有这个回调" if "answered 404" in wrong else "应答内容不对"


@route("POST", "console/events")
def tick(act: Act) -> dict[str, Any]:
    """Which letters the app gets {agent_id, customer?, contact?}."""
    app = _app(act)
    app.customer_events = bool(act.body.get("customer", app.customer_events))
    app.contact_events = bool(act.body.get("contact", app.contact_events))
    return _told(app)


@route("POST", "console/ips")
def trust(act: Act) -> dict[str, Any]:
    """From where the app may call {agent_id, ips}; null lets everybody in, as for apps made before 2022-06-20."""
    app, ips = _app(act), act.body.get("ips")
    app.trusted_ips = None if ips is None else [str(each).strip() for each in ips if str(each).strip()]
    return _told(app)


@route("POST", "console/callable")
def allow(act: Act) -> dict[str, Any]:
    """Whether the app is in customer contact's list of callable apps {agent_id, on}."""
    app = _app(act)
    app.customer_contact = bool(act.body.get("on", True))
    return _told(app)


@route("POST", "console/visible")
def show(act: Act) -> dict[str, Any]:
    """The app's visible range {agent_id, departments}; null is everybody."""
    app, places = _app(act), act.body.get("departments")
    unknown = [each for each in places or [] if int(each) not in act.corp.departments]
    if unknown:
        raise Wrong(f"there is no department {unknown[0]}")
    app.visible = None if places is None else [int(each) for each in places]
    return _told(app)


@route("POST", "console/domain", locked=False)
def trust_domain(act: Act) -> dict[str, Any]:
    """A trusted domain {agent_id, domain, check?}: with check=true the proof file is fetched from it first."""
    app, domain = _app(act), str(act.need("domain")).strip().removeprefix("https://").removeprefix("http://").strip("/")
    app.domain_code = app.domain_code or act.world.word(16, LETTERS)
    if act.body.get("check"):
        _prove(app, domain)
        app.proven_domains = sorted({*app.proven_domains, domain})
    app.trusted_domains = sorted({*app.trusted_domains, domain})
    return _told(app)


def _prove(app: App, domain: str) -> None:
    """Fetch the proof file by https, on this machine by http; Wrong when it is not there."""
    local = domain.partition(":")[0] in ("127.0.0.1", "localhost")
    url = f"{'http' if local else 'https'}://{domain}/WW_verify_{app.domain_code}.txt"
    status, body = Postman().fetch("GET", url, None, 5.0)
    if status != 200 or body.strip() != app.domain_code:
        raise Wrong(f"85005 域名校验未通过：{url} 应答 {status}")


def _app(act: Act) -> App:
    app = act.corp.apps.get(str(act.need("agent_id")))
    if app is None:
        raise Wrong(f"there is no app {act.body['agent_id']}")
    return app


def _told(app: App) -> dict[str, Any]:
    return dict(vars(app))
