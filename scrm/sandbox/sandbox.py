"""The sandbox: a world, its courier, its log, its faults and its HTTP server in one hand."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any
from urllib.parse import urlsplit

from scrm.sandbox import brand, sign_in
from scrm.sandbox.api import door
from scrm.sandbox.clock import Clock
from scrm.sandbox.control import routes
from scrm.sandbox.courier import Courier, Sealed, Send
from scrm.sandbox.faults import Faults
from scrm.sandbox.http import Request, Response, Server
from scrm.sandbox.limits import Limits, Tokens
from scrm.sandbox.log import Log, Row
from scrm.sandbox.nouns import App
from scrm.sandbox.world import Corp, World


class Sandbox:
    """A whole WeCom. Without `start` it is only a world that you drive by `do` and `courier.step`."""

    def __init__(
        self, *, seed: int = 1, stores: int = 12, customers: int = 0, frozen_at: float | None = None,
        send: Send | None = None, **app: str,
    ) -> None:  # fmt: skip
        self.world = World(seed=seed, clock=Clock(frozen_at=frozen_at))
        self.log, self.faults = Log(), Faults(seed)
        self.courier = Courier(self.world, self.log, self.faults, send=send)
        self.tokens = Tokens(self.world.clock, seed)
        self.limits = Limits(self.world.clock, self.world.switches)
        self.hints = Random(seed * 7919 + 4)
        self.cursor_age = 0
        self.base_url = ""
        self._server: Server | None = None
        self.corp = brand.a_corp(self.world, corp_id=app.pop("corp_id", ""))
        callback_url = app.pop("callback_url", "")
        self.app = brand.an_app(self.world, self.corp, name="掌柜", **app)
        brand.furnish(self.world, self.corp, stores=stores, customers=customers)
        self.listen(callback_url)

    @property
    def corp_id(self) -> str:
        return self.corp.corp_id

    @property
    def agent_id(self) -> str:
        return self.app.agent_id

    @property
    def secret(self) -> str:
        return self.app.secret

    @property
    def token(self) -> str:
        return self.app.token

    @property
    def aes_key(self) -> str:
        return self.app.aes_key

    @property
    def slug(self) -> str:
        return self.app.slug

    @property
    def corp_line(self) -> str:
        """What `connect_corp` needs, as the demo prints it."""
        app = self.app
        return f"corp {app.corp_id} {app.agent_id} {app.secret} {app.token} {app.aes_key} {app.slug}"

    def listen(self, callback_url: str, app: App | None = None) -> None:
        """Letters of the app go to this URL from now on; a bare origin gets the product's path; "" sends none."""
        app = app or self.app
        if callback_url and urlsplit(callback_url).path in ("", "/"):
            callback_url = f"{callback_url.rstrip('/')}/wecom/callback/{app.slug}/"
        app.callback_url = callback_url

    def start(self, *, host: str = "127.0.0.1", port: int = 0, threads: int = 1) -> None:
        """Open the HTTP server and let the courier's threads walk."""
        self._server = Server(host, port, self.answer)
        bound = self._server.server_address[1]
        self.base_url = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{bound}"  # noqa: S104
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.courier.start(threads)

    def stop(self) -> None:
        self.courier.stop()
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    def answer(self, request: Request) -> Response | None:
        """What the sandbox says to any request."""
        if request.path.startswith("/cgi-bin/"):
            return door.answer(self, request)
        if request.path in sign_in.PATHS:
            return sign_in.answer(self, request)
        if request.path in ("/", "/sandbox"):
            return Response(302, headers={"Location": "/sandbox/"})
        return routes.answer(self, request)

    def do(self, method: str, path: str, **body: Any) -> Any:
        """A control call without HTTP: do("POST", "scan", external_userid=…, config_id=…); ValueError when refused."""
        return routes.call(self, method, "/sandbox/" + path, body, {})

    def customer(self, **look: Any) -> str:
        """A new person's external_userid."""
        return str(self.do("POST", "customers", **look)["external_userid"])

    def scan(self, external_userid: str, **code: Any) -> dict[str, Any]:
        return dict(self.do("POST", "scan", external_userid=external_userid, **code))

    def add(self, external_userid: str, userid: str, **how: Any) -> dict[str, Any]:
        return dict(self.do("POST", "add", external_userid=external_userid, userid=userid, **how))

    def delete(self, external_userid: str, userid: str, *, by: str) -> dict[str, Any]:
        return dict(self.do("POST", "delete", external_userid=external_userid, userid=userid, by=by))

    def edit(self, external_userid: str, userid: str, **changes: Any) -> dict[str, Any]:
        return dict(self.do("POST", "edit", external_userid=external_userid, userid=userid, **changes))

    def advance(self, seconds: float) -> None:
        self.world.clock.advance(seconds)

    def settle(self, timeout: float = 10.0) -> None:
        """Wait until every letter that is due has been sent."""
        self.courier.settle(timeout)

    def letters(self, since: int = 0) -> list[Row]:
        """The callbacks of the log: xml, state and attempts of each."""
        return self.log.since(since, kind="callback")

    def messages(self, since: int = 0) -> list[Row]:
        """What customers and members received: welcomes and app messages."""
        return self.log.since(since, kind="message")

    def calls(self, path: str = "", since: int = 0) -> list[Row]:
        """The API calls of the log whose path ends so."""
        return [row for row in self.log.since(since, kind="api") if row["path"].endswith(path)]

    def sealed(self, xml: str, app: App | None = None) -> Sealed:
        """Any letter sealed for the app's receiver: .query and .body, for a test client."""
        return self.courier.sealed(app or self.app, xml)

    def corp_of(self, corp_id: str | None) -> Corp:
        """The corp of an id, the main one when none is named."""
        return self.corp if not corp_id else self.world.corps[corp_id]


@contextmanager
def running(
    *, host: str = "127.0.0.1", port: int = 0, threads: int = 1, faults: dict[str, Any] | None = None,
    switches: dict[str, Any] | None = None, **options: Any,
) -> Iterator[Sandbox]:  # fmt: skip
    """A sandbox that serves on a free port until the block ends."""
    sandbox = Sandbox(**options)
    sandbox.world.switches.turn(**(switches or {}))
    sandbox.faults.set(**(faults or {}))
    sandbox.start(host=host, port=port, threads=threads)
    try:
        yield sandbox
    finally:
        sandbox.stop()
