"""The courier brings letters to receivers as WeCom does (doc 90930).

Sealed with the app's Token and AESKey, 5 s for each attempt, HTTP 200 is success, three retries with a spacing.
Without a callback URL letters are written into the log and not sent.
"""

import heapq
import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from urllib.parse import quote, urlencode, urlsplit

from scrm.sandbox import crypto, letters
from scrm.sandbox.faults import Faults
from scrm.sandbox.log import Log, Row
from scrm.sandbox.nouns import App
from scrm.sandbox.world import LETTERS, World

Answer = tuple[int | None, str]
Send = Callable[[str, bytes, float], Answer]


@dataclass(order=True)
class Parcel:
    """A letter on its way; the one that is due first goes first."""

    due: float
    order: int
    app: App = field(compare=False)
    xml: str = field(compare=False)
    row: Row = field(compare=False)
    attempts: int = field(compare=False, default=0)
    sealed: "Sealed | None" = field(compare=False, default=None)


@dataclass(frozen=True)
class Sealed:
    """A letter as it travels: the query string and the body."""

    query: str
    body: bytes

    def url(self, base: str) -> str:
        return base + ("&" if "?" in base else "?") + self.query


def seal(xml: str, *, token: str, aes_key: str, corp_id: str, agent_id: str, at: int, dice: Random) -> Sealed:
    """Seal any XML for a receiver."""
    nonce = str(dice.randrange(10**9, 10**10))
    encrypted = crypto.seal(aes_key, xml, corp_id, "".join(dice.choices(LETTERS, k=16)).encode())
    signed = crypto.signature(token, str(at), nonce, encrypted)
    query = urlencode({"msg_signature": signed, "timestamp": at, "nonce": nonce})
    return Sealed(query, letters.envelope(corp_id, agent_id, encrypted).encode())


class Courier:
    """Takes letters from the world with `post` and sends them from its own threads, or by `step` from yours."""

    def __init__(self, world: World, log: Log, faults: Faults, *, send: Send | None = None) -> None:
        self.world, self.log, self.faults = world, log, faults
        self.send = send or Postman().send
        self._dice = Random(world.seed * 7919 + 2)
        self._heap: list[Parcel] = []
        self._order = self._under_way = 0
        self._stopped = False
        self._change = threading.Condition()
        world.post = self.post
        world.clock.watch(self._wake)

    def start(self, threads: int) -> None:
        for number in range(threads):
            threading.Thread(target=self._run, name=f"courier-{number}", daemon=True).start()

    def stop(self) -> None:
        self._stopped = True
        self._wake()

    def post(self, app: App, xml: str) -> None:
        """Take a letter; the faults decide whether, when and how often it will be sent."""
        now = self.world.clock.now()
        row = self.log.add(
            "callback", now, corp_id=app.corp_id, agent_id=app.agent_id, slug=app.slug, xml=xml,
            state="waiting", attempts=[],
        )  # fmt: skip
        if not app.callback_url:
            return self.log.change(row, state="nowhere")
        if self.faults.strikes("drop"):
            return self.log.change(row, state="dropped")
        self._put(app, xml, row, now + self.faults.lateness())
        if self.faults.strikes("duplicate"):
            twin = self.log.add("callback", now, **{**_plain(row), "duplicate_of": row["id"], "attempts": []})
            self._put(app, xml, twin, now + self.faults.lateness())

    def step(self) -> bool:
        """Send the next letter that is due, in the caller's thread; False when none is."""
        with self._change:
            parcel = self._next()
        if parcel:
            self._attempt(parcel)
        return parcel is not None

    def idle(self) -> bool:
        """No letter is due and none is under way; letters for later may wait."""
        with self._change:
            due = self._heap and self._heap[0].due <= self.world.clock.now() and not self.faults.hold
            return not due and not self._under_way

    def settle(self, timeout: float = 10.0) -> None:
        """Wait until the courier is idle; TimeoutError if it does not become so in `timeout` real seconds."""
        until = time.monotonic() + timeout
        with self._change:
            while not self.idle():
                if not self._change.wait(until - time.monotonic()) and time.monotonic() >= until:
                    raise TimeoutError("letters are still under way")

    def waiting(self) -> int:
        return len(self._heap) + self._under_way

    def _put(self, app: App, xml: str, row: Row, due: float) -> None:
        with self._change:
            self._order += 1
            heapq.heappush(self._heap, Parcel(due, self._order, app, xml, row))
            self._change.notify_all()

    def _wake(self) -> None:
        with self._change:
            self._change.notify_all()

    def _run(self) -> None:
        while not self._stopped:
            with self._change:
                parcel = self._next()
                if parcel is None:
                    self._change.wait(self._pause())
                    continue
            self._attempt(parcel)

    def _next(self) -> Parcel | None:
        if self.faults.hold or not self._heap or self._heap[0].due > self.world.clock.now():
            return None
        self._under_way += 1
        return heapq.heappop(self._heap)

    def _pause(self) -> float | None:
        """How long nothing will be due: till the next letter, or till somebody wakes us when time stands still."""
        if self.world.clock.frozen or not self._heap or self.faults.hold:
            return None
        return max(self._heap[0].due - self.world.clock.now(), 0.001)

    def _attempt(self, parcel: Parcel) -> None:
        """Send once; after a failure the letter is due again, three times at most."""
        switches, started = self.world.switches, time.monotonic()
        if parcel.sealed is None or not switches.reuse_seal:
            parcel.sealed = self.sealed(parcel.app, parcel.xml)
        status, body = self.send(
            parcel.sealed.url(parcel.app.callback_url), parcel.sealed.body, switches.callback_timeout
        )
        parcel.attempts += 1
        lost = status == 200 and self.faults.strikes("ack_lost")
        attempt = {
            "at": round(self.world.clock.now(), 3), "status": status, "body": body,
            "ms": round((time.monotonic() - started) * 1000, 1), **({"ack_lost": True} if lost else {}),
        }  # fmt: skip
        self._note(parcel, attempt, accepted=status == 200 and not lost)

    def _note(self, parcel: Parcel, attempt: Row, *, accepted: bool) -> None:
        spacing = self.world.switches.retry_spacing
        again = not accepted and parcel.attempts <= len(spacing)
        state = "accepted" if accepted else "waiting" if again else "given up"
        self.log.change(parcel.row, state=state, attempts=[*parcel.row["attempts"], attempt])
        with self._change:
            self._under_way -= 1
            if again:
                parcel.due = self.world.clock.now() + spacing[parcel.attempts - 1]
                heapq.heappush(self._heap, parcel)
            self._change.notify_all()

    def sealed(self, app: App, xml: str) -> Sealed:
        """The letter as this app's receiver would get it now."""
        return seal(
            xml, token=app.token, aes_key=app.aes_key, corp_id=app.corp_id, agent_id=app.agent_id,
            at=self.world.clock.seconds(), dice=self._dice,
        )  # fmt: skip

    def verify(self, app: App, url: str) -> str:
        """Ask a receiver to prove itself at once, as the console does: "" or what is wrong with its answer."""
        echo = str(self._dice.randrange(10**18, 10**19))
        encrypted = crypto.seal(app.aes_key, echo, app.corp_id, "".join(self._dice.choices(LETTERS, k=16)).encode())
        at, nonce = str(self.world.clock.seconds()), str(self._dice.randrange(10**9, 10**10))
        query = urlencode(
            {
                "msg_signature": crypto.signature(app.token, at, nonce, encrypted),
                "timestamp": at, "nonce": nonce, "echostr": encrypted,
            },
            quote_via=quote, safe="",
        )  # fmt: skip
        timeout = self.world.switches.verify_timeout
        status, body = Postman().fetch("GET", f"{url}{'&' if '?' in url else '?'}{query}", None, timeout)
        return "" if (status, body) == (200, echo) else f"answered {status} {body[:200]!r}, not 200 {echo!r}"


def _plain(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in ("id", "seq", "kind", "at")}


class Postman:
    """Sends bytes over HTTP, with one kept-alive connection for each thread and receiver."""

    def __init__(self) -> None:
        self._mine = threading.local()

    def send(self, url: str, body: bytes, timeout: float) -> Answer:
        """(status, start of the answer), or (None, what went wrong)."""
        return self.fetch("POST", url, body, timeout)

    def fetch(self, method: str, url: str, body: bytes | None, timeout: float) -> Answer:
        parts = urlsplit(url)
        for fresh in (False, True):
            line, old = self._line(parts.scheme, parts.netloc, timeout, fresh=fresh)
            try:
                line.request(method, f"{parts.path or '/'}?{parts.query}", body, {"Content-Type": "text/xml"})
                response = line.getresponse()
                return response.status, response.read()[:2000].decode("utf-8", "replace")
            except (OSError, http.client.HTTPException) as error:
                line.close()
                if not (
                    old and isinstance(error, (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError))
                ):
                    return None, f"{type(error).__name__}: {error}"
        return None, "the receiver closes its connections"

    def _line(
        self, scheme: str, netloc: str, timeout: float, *, fresh: bool
    ) -> tuple[http.client.HTTPConnection, bool]:
        """A connection, and whether it was used before (a receiver may close those at any time)."""
        lines = self._mine.__dict__
        kept = lines.get(netloc)
        if kept is not None and kept.sock is not None and not fresh:
            kept.sock.settimeout(timeout)
            return kept, True
        kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
        lines[netloc] = kind(netloc, timeout=timeout)
        return lines[netloc], False
