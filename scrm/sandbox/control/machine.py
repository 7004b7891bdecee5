"""The machine behind the world: log, clock, faults, switches, apps and receivers."""

from random import Random
from typing import Any

from scrm.sandbox import brand, crypto
from scrm.sandbox import faults as faults_of
from scrm.sandbox.control.routes import Act, Wrong, route
from scrm.sandbox.courier import Postman, seal
from scrm.sandbox.nouns import App
from scrm.sandbox.world import Switches

MOST_ROWS = 10_000


@route("GET", "log", locked=False)
def log(act: Act) -> dict[str, Any]:
    """{"rows": […], "seq": the last one's}: ask again with since=seq."""
    since, limit = int(act.query.get("since") or 0), int(act.query.get("limit") or 1000)
    rows = act.sandbox.log.since(since, kind=act.query.get("kind"), limit=min(limit, MOST_ROWS))
    return {"rows": rows, "seq": rows[-1]["seq"] if rows else since}


@route("GET", "time", locked=False)
def time(act: Act) -> dict[str, Any]:
    return {
        "now": act.world.clock.now(),
        "frozen": act.world.clock.frozen,
        "letters_waiting": act.sandbox.courier.waiting(),
    }


@route("POST", "time")
def drive(act: Act) -> dict[str, Any]:
    """advance: seconds forward; frozen: stand still or go on."""
    clock = act.world.clock
    if "frozen" in act.body:
        (clock.freeze if act.body["frozen"] else clock.thaw)()
    clock.advance(float(act.body.get("advance") or 0))
    return time(act)


@route("GET", "faults")
def faults(act: Act) -> dict[str, Any]:
    return {**act.sandbox.faults.as_dict(), "docs": faults_of.__doc__}


@route("POST", "faults")
def fail(act: Act) -> dict[str, Any]:
    """Switch faults on; see scrm.sandbox.faults."""
    wanted = {name: value for name, value in act.body.items() if name != "corp_id"}
    act.sandbox.faults.set(**wanted)
    if wanted.get("invalidate_tokens"):
        act.sandbox.tokens.invalidate()
    if wanted.get("expire_cursors"):
        act.sandbox.cursor_age += 1
    act.world.clock.wake()
    return act.sandbox.faults.as_dict()


@route("DELETE", "faults")
def heal(act: Act) -> dict[str, Any]:
    """All faults off; letters that were held come now."""
    act.sandbox.faults.clear()
    act.world.clock.wake()
    return act.sandbox.faults.as_dict()


@route("GET", "switches")
def switches(act: Act) -> dict[str, Any]:
    return {**act.world.switches.as_dict(), "docs": Switches.__doc__}


@route("POST", "switches")
def turn(act: Act) -> dict[str, Any]:
    """See scrm.sandbox.world.Switches."""
    act.world.switches.turn(**{name: value for name, value in act.body.items() if name != "corp_id"})
    return act.world.switches.as_dict()


@route("POST", "apps")
def app(act: Act) -> dict[str, Any]:
    """A further app of a corp, or a known one changed; an unknown corp_id (with a secret) makes a further corp."""
    corp_id, given = str(act.body.get("corp_id") or act.sandbox.corp_id), dict(act.body)
    given.pop("corp_id", None)
    stores, url = int(given.pop("stores", 0)), str(given.pop("callback_url", ""))
    unknown = set(given) - set(App.__dataclass_fields__)
    if unknown:
        raise Wrong(f"an app has no {', '.join(sorted(unknown))}")
    corp = act.world.corps.get(corp_id)
    if corp is None:
        corp = brand.a_corp(act.world, corp_id=corp_id)
        brand.furnish(act.world, corp, stores=stores)
    known = corp.apps.get(str(given.get("agent_id", "")))
    if known:
        for name, value in given.items():
            setattr(known, name, value)
    made = known or brand.an_app(act.world, corp, **given)
    if url or not known:
        act.sandbox.listen(url, made)
    return told(made)


@route("POST", "callback_url", locked=False)
def listen(act: Act) -> dict[str, Any]:
    """Send letters of the app (the main one) to this URL; verify=true asks it to prove itself first."""
    app, before = _app(act), _app(act).callback_url
    act.sandbox.listen(str(act.body.get("url") or ""), app)
    wrong = act.sandbox.courier.verify(app, app.callback_url) if act.body.get("verify") else ""
    if wrong:
        app.callback_url = before
        raise Wrong(f"40057: {wrong}")
    return told(app)


@route("POST", "verify", locked=False)
def verify(act: Act) -> dict[str, Any]:
    """The GET verification that saving a URL makes; the URL in use when none is named."""
    app = _app(act)
    wrong = act.sandbox.courier.verify(app, str(act.body.get("url") or app.callback_url))
    return {"ok": not wrong, "error": wrong}


@route("POST", "callback", locked=False)
def callback(act: Act) -> dict[str, Any]:
    """Any letter of yours, sealed and sent once: {"status", "body"}."""
    texts = {name: str(act.need(name)) for name in ("slug_url", "token", "aes_key", "corp_id", "xml")}
    try:
        sealed = seal(
            texts["xml"], token=texts["token"], aes_key=texts["aes_key"], corp_id=texts["corp_id"],
            agent_id=str(act.body.get("agent_id") or ""), at=act.world.clock.seconds(), dice=Random(),
        )  # fmt: skip
    except crypto.BadSeal as error:
        raise Wrong("aes_key is no EncodingAESKey of 43 letters and digits") from error
    status, body = Postman().send(sealed.url(texts["slug_url"]), sealed.body, act.world.switches.callback_timeout)
    return {"status": status, "body": body}


@route("POST", "oauth")
def oauth(act: Act) -> dict[str, Any]:
    """A code as WeCom gives it to a browser: for auth/getuserinfo, once, for 5 minutes; agent_id binds it to an app."""
    code = act.world.word(43)
    app = {"agent_id": str(act.body["agent_id"])} if act.body.get("agent_id") else {}
    if act.body.get("userid"):
        who = {"userid": act.user().userid}
    else:
        who = {"openid": "o" + act.world.word(27), "external_userid": act.customer().external_userid}
    act.corp.oauth_codes[code] = {**who, **app, "expires_at": act.world.clock.now() + 300}
    return {"code": code}


@route("POST", "limits/forget")
def forget(act: Act) -> dict[str, Any]:
    """Lift every 45009."""
    act.sandbox.limits.forget()
    return {}


@route("POST", "settle", locked=False)
def settle(act: Act) -> dict[str, Any]:
    """Answers when no letter is due any more."""
    try:
        act.sandbox.settle(float(act.body.get("timeout") or 10))
    except TimeoutError as error:
        raise Wrong(str(error)) from error
    return time(act)


def _app(act: Act) -> App:
    agent_id = act.body.get("agent_id")
    if agent_id and str(agent_id) not in act.corp.apps:
        raise Wrong(f"there is no app {agent_id}")
    if agent_id:
        return act.corp.apps[str(agent_id)]
    return act.sandbox.app if act.corp is act.sandbox.corp else list(act.corp.apps.values())[-1]


def told(app: App) -> dict[str, Any]:
    """An app as JSON, with its secrets: it is a sandbox."""
    return dict(vars(app))
