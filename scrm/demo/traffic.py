"""`python -m scrm.demo.traffic`: customers scan, add, leave and come back in the sandbox, at a steady rate."""

import json
import os
import random
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

LOOK_AGAIN = 20.0  # seconds after which codes and guides are asked for again
TELL_AGAIN = 60.0
PATIENCE = 30.0  # for the first code; after that people add guides without one
REMARKS = ["爱喝美式", "周末来", "生日在五月", "喜欢素色", "有两个孩子", "常买礼盒", "要预留 M 码", "住在附近"]
AFTER_A_SCAN = (  # what else happens, as a share of scans
    (0.10, "stranger_adds"),
    (0.14, "customer_leaves"),
    (0.03, "guide_deletes"),
    (0.07, "somebody_returns"),
    (0.12, "guide_notes"),
)

Pair = tuple[str, str]  # external_userid, userid
Ask = Callable[..., Any]


class Refused(Exception):
    """The sandbox says that this cannot be done now."""


class Away(Exception):
    """The sandbox does not answer."""


def asking(base_url: str) -> Ask:
    """A function for the sandbox's control calls: ask("scan", external_userid=…), or ask("world?parts=users")."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(path: str, **body: Any) -> Any:
        said = json.dumps(body).encode() if body else None
        method = "POST" if body or path == "customers" else "GET"
        request = urllib.request.Request(f"{base_url}/sandbox/{path}", said, method=method)  # noqa: S310
        try:
            with opener.open(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Refused(f"{path}: {error.read().decode(errors='replace')[:200]}") from error
        except OSError as error:
            raise Away(str(error)) from error

    return ask


@dataclass
class Town:
    """Everybody who may walk into a shop."""

    ask: Ask
    dice: random.Random
    codes: list[str] = field(default_factory=list)
    guides: list[str] = field(default_factory=list)
    friends: list[Pair] = field(default_factory=list)
    gone: list[Pair] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    liking: dict[str, float] = field(default_factory=dict)

    def look_around(self) -> None:
        """Learns codes and guides; who knows whom only the first time, after that the town remembers."""
        first = not self.guides
        world = self.ask("world?parts=contact_ways,users" + (",relations" if first else ""))
        self.codes = sorted(way["config_id"] for way in world["contact_ways"] if not way["deleted"])
        self.guides = sorted(user["userid"] for user in world["users"] if user["serves"] and user["left_at"] is None)
        for relation in world.get("relations", ()):
            known = self.friends if relation["status"] == "full" else self.gone
            known.append((relation["external_userid"], relation["userid"]))

    def one_scan_and_what_follows(self) -> None:
        self.try_to("somebody_scans")
        for share, what in AFTER_A_SCAN:
            if self.dice.random() < share:
                self.try_to(what)

    def try_to(self, what: str) -> None:
        try:
            if getattr(self, what)():
                self.happened[what] += 1
        except Refused as refused:
            self.happened["refused"] += 1
            print(refused, flush=True)

    def somebody_scans(self) -> bool:
        """Mostly a new face; now and then a friend of another guide."""
        if not self.codes:
            return self.stranger_adds()
        who = self.dice.choice(self.friends)[0] if self.friends and self.dice.random() < 0.12 else self.new_face()
        relation = self.ask("scan", external_userid=who, config_id=self.pick(self.codes))
        return self.befriended(relation)

    def stranger_adds(self) -> bool:
        """By a phone number or a name card: no code, no state."""
        if not self.guides:
            return False
        return self.befriended(self.ask("add", external_userid=self.new_face(), userid=self.pick(self.guides)))

    def customer_leaves(self) -> bool:
        return self.parted(by="customer")

    def guide_deletes(self) -> bool:
        return self.parted(by="guide")

    def somebody_returns(self) -> bool:
        if not self.gone:
            return False
        who, userid = self.gone.pop(self.dice.randrange(len(self.gone)))
        return self.befriended(self.ask("add", external_userid=who, userid=userid))

    def guide_notes(self) -> bool:
        if not self.friends:
            return False
        who, userid = self.dice.choice(self.friends)
        self.ask("edit", external_userid=who, userid=userid, remark=self.dice.choice(REMARKS))
        return True

    def new_face(self) -> str:
        return str(self.ask("customers", gender=self.dice.choice([1, 2, 2]))["external_userid"])

    def befriended(self, relation: Mapping[str, Any]) -> bool:
        pair = (relation["external_userid"], relation["userid"])
        if pair not in self.friends:
            self.friends.append(pair)
        return True

    def parted(self, *, by: str) -> bool:
        if not self.friends:
            return False
        who, userid = self.friends.pop(self.dice.randrange(len(self.friends)))
        self.ask("delete", by=by, external_userid=who, userid=userid)
        self.gone.append((who, userid))
        return True

    def pick(self, places: list[str]) -> str:
        """Some shops are busier than others, and stay so."""
        for place in places:
            self.liking.setdefault(place, random.Random(place).paretovariate(1.6))
        return self.dice.choices(places, [self.liking[place] for place in places])[0]


def walk(town: Town, *, rate: float) -> None:
    """Never ends: `rate` scans a minute, a little irregular, with a look around now and then."""
    began_at = time.monotonic()
    looked_at = told_at = 0.0
    while True:
        try:
            now = time.monotonic()
            if now - looked_at > LOOK_AGAIN or not looked_at or not town.codes:
                town.look_around()
                looked_at = now
            if now - told_at > TELL_AGAIN:
                print(dict(town.happened), flush=True)
                told_at = now
            if town.codes or now - began_at > PATIENCE:
                town.one_scan_and_what_follows()
        except Away as away:
            print("WeCom is away:", away, flush=True)
            looked_at = 0.0
        time.sleep(60 / rate * town.dice.uniform(0.5, 1.5))


if __name__ == "__main__":
    rate = float(os.environ["DEMO_RATE"])
    if rate > 0:
        ask = asking(os.environ["WECOM_API_BASE_URL"])
        walk(Town(ask=ask, dice=random.Random(os.environ["DEMO_SEED"])), rate=rate)
