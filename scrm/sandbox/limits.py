"""Tokens, tickets and how often one may call (docs 91039, 90312)."""

import threading
from collections import deque
from dataclasses import dataclass
from random import Random

from scrm.sandbox.clock import Clock
from scrm.sandbox.nouns import App
from scrm.sandbox.world import URL_SAFE, Switches

TOKEN_LIVES = 7200


@dataclass
class Token:
    text: str
    app: App
    expires_at: float
    dead: bool = False


class Tokens:
    """One access token for each app, the same until it expires or WeCom takes it back early."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock = clock
        self._dice = Random(seed * 7919 + 3)
        self._of_app: dict[tuple[str, str], Token] = {}
        self._known: dict[str, Token] = {}
        self._tickets: dict[tuple[str, str, str], Token] = {}

    def give(self, app: App) -> Token:
        token = self._of_app.get((app.corp_id, app.agent_id))
        if token is None or token.dead or token.expires_at <= self.clock.now():
            token = self._draw(app, 86)
            self._of_app[app.corp_id, app.agent_id] = token
            self._known[token.text] = token
        return token

    def find(self, text: str) -> tuple[Token | None, int]:
        """(token, 0), or (None, 40014 or 42001)."""
        token = self._known.get(text)
        if token is None or token.dead or token.app.disabled:
            return None, 40014
        return (token, 0) if token.expires_at > self.clock.now() else (None, 42001)

    def ticket(self, app: App, kind: str) -> Token:
        """The corp's ticket as this app gets it (kind "corp"), or the app's own (kind "agent")."""
        key = (app.corp_id, app.agent_id, kind)
        ticket = self._tickets.get(key)
        if ticket is None or ticket.expires_at <= self.clock.now():
            ticket = self._tickets[key] = self._draw(app, 86)
        return ticket

    def invalidate(self, app: App | None = None) -> None:
        """All tokens (or those of one app) die before their time."""
        for token in self._known.values():
            token.dead = token.dead or app is None or token.app is app

    def _draw(self, app: App, length: int) -> Token:
        return Token("".join(self._dice.choices(URL_SAFE, k=length)), app, self.clock.now() + TOKEN_LIVES)


class Window:
    """How many calls there were in the last `span` seconds; who exceeds it is banned for as long."""

    def __init__(self, span: int) -> None:
        self.span = span
        self.banned_until = 0.0
        self._seconds: deque[list[int]] = deque()
        self._total = 0

    def exceeded(self, now: float, limit: int) -> bool:
        """Count one call and say whether it is one too many."""
        if now < self.banned_until:
            return True
        second = int(now)
        while self._seconds and self._seconds[0][0] <= second - self.span:
            self._total -= self._seconds.popleft()[1]
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append([second, 0])
        self._seconds[-1][1] += 1
        self._total += 1
        if self._total > limit:
            self.banned_until = now + self.span
        return self._total > limit


class Limits:
    """45009 and 45033 for each corp and API, and the ban of addresses that keep sending wrong secrets."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self.clock, self.switches = clock, switches
        self._windows: dict[tuple[str, str, int], Window] = {}
        self._running: dict[tuple[str, str], int] = {}
        self._wrong: dict[str, Window] = {}
        self._lock = threading.Lock()

    def enter(self, corp_id: str, path: str) -> int:
        """0 when the call may go on (then `leave` must follow), else 45009 or 45033."""
        with self._lock:
            now = self.clock.now()
            for span, limit in ((60, self.switches.per_minute), (3600, self.switches.per_hour)):
                window = self._windows.setdefault((corp_id, path, span), Window(span))
                if window.exceeded(now, limit):
                    return 45009
            running = self._running.get((corp_id, path), 0)
            if self.switches.concurrent and running >= self.switches.concurrent:
                return 45033
            self._running[corp_id, path] = running + 1
        return 0

    def leave(self, corp_id: str, path: str) -> None:
        with self._lock:
            self._running[corp_id, path] -= 1

    def barred(self, ip: str) -> bool:
        """Is this address out for an hour because of wrong secrets?"""
        window = self._wrong.get(ip)
        return window is not None and self.clock.now() < window.banned_until

    def wrong_secret(self, ip: str) -> None:
        self._wrong.setdefault(ip, Window(3600)).exceeded(self.clock.now(), self.switches.wrong_secrets)

    def forget(self) -> None:
        """Lift all bans and forget all counts."""
        with self._lock:
            self._windows.clear()
            self._wrong.clear()
