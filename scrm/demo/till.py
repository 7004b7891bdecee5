"""`python -m scrm.demo.till [past]`: the tills and shops of the sample brand tell their orders through the API.

`past` tells the weeks before today at once; without it an order comes now and then, as people come into the shops.
"""

import json
import os
import random
import sys
import time
import urllib.error
import urllib.request
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from scrm.demo.history import CHINA, DAY, HOUR, HOURS, OPENS
from scrm.demo.traffic import Away, Refused, asking

GOODS = (
    ("M101", "亚麻衬衫", "服装", 29900), ("M102", "针织开衫", "服装", 35900), ("M103", "棉麻长裤", "服装", 32900),
    ("M104", "真丝围巾", "配饰", 19900), ("M105", "帆布托特包", "配饰", 15900), ("M106", "羊毛袜", "配饰", 3900),
    ("M201", "香薰蜡烛", "家居", 12800), ("M202", "陶瓷杯", "家居", 6800), ("M203", "棉麻抱枕", "家居", 9900),
    ("M204", "竹编收纳篮", "家居", 8900), ("M301", "护手霜", "个护", 5900), ("M302", "沐浴露", "个护", 7900),
)  # fmt: skip
A_DAY = 7  # orders of a store
AT_ONCE = 500
LOOK_AGAIN = 60.0
WALK_INS = 400  # phones of people whom no guide knows
REFUNDED = 0.03
TELL_AGAIN = 120.0


class Api:
    """The product's API as a system of the brand's uses it."""

    def __init__(self, base_url: str, username: str, password: str) -> None:
        self.base_url, self.token = base_url, ""
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.token = self.call("token/", username=username, password=password)["token"]

    def call(self, path: str, **body: Any) -> Any:
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Token {self.token}"} if self.token else {}
        )
        said = json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"{self.base_url}/api/v1/{path}", said, headers)  # noqa: S310
        try:
            with self.opener.open(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Refused(f"{path}: {error.code} {error.read().decode(errors='replace')[:200]}") from error
        except OSError as error:
            raise Away(str(error)) from error


@dataclass
class Shops:
    """Stores with their guides, who buys in them, and what was sold there lately."""

    api: Api
    ask: Any
    dice: random.Random
    stores: list[str] = field(default_factory=list)
    guides: dict[str, list[str]] = field(default_factory=dict)
    friends: list[str] = field(default_factory=list)
    sold: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0

    def look_around(self) -> None:
        rows = self.api.call("stores/?page_size=200")["results"]
        codes = {row["id"]: row["code"] for row in rows}
        self.stores = sorted(codes.values())
        posted: dict[str, list[str]] = defaultdict(list)
        for guide in self.api.call("guides/?page_size=1000")["results"]:
            for store in guide["stores"]:
                if store in codes:
                    posted[codes[store]].append(guide["userid"])
        self.guides = dict(posted)
        relations = self.ask("world?parts=relations")["relations"]
        self.friends = sorted({one["external_userid"] for one in relations if one["status"] == "full"})

    def tell_goods(self) -> None:
        """The catalogue, and what lies in the stores."""
        names = ("sku", "name", "category", "price_fen")
        self.api.call("products/batch/", products=[dict(zip(names, goods, strict=True)) for goods in GOODS])
        counts = [
            {"sku": sku, "store": store, "quantity": int(60 * self.dice.random() ** 2)}
            for store in self.stores
            for sku, *_rest in GOODS
        ]
        for start in range(0, len(counts), AT_ONCE):
            self.api.call("stock/batch/", stock=counts[start : start + AT_ONCE])

    def somebody_buys(self, at: float) -> dict[str, Any]:
        """An order as its system tells it."""
        self.count += 1
        when = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
        goods = self.dice.sample(GOODS, self.dice.choices([1, 2, 3, 4], [45, 33, 16, 6])[0])
        lines = [self._line(*one) for one in goods]
        row = {
            "number": f"{int(at):x}-{self.count}",
            "paid_at": when,
            "paid_fen": sum(line["paid_fen"] for line in lines),
            "lines": lines,
            **self._where(),
        }
        self.sold = [*self.sold[-300:], row]
        return row

    def _line(self, sku: str, name: str, category: str, price: int) -> dict[str, Any]:
        quantity = self.dice.choices([1, 2, 3], [80, 15, 5])[0]
        paid = int(price * quantity * self.dice.choice([1, 1, 1, 0.9, 0.8]))
        return {"sku": sku, "name": name, "category": category, "quantity": quantity, "paid_fen": paid}

    def _where(self) -> dict[str, Any]:
        chance = self.dice.random()
        if chance < 0.75:
            store = self.pick(self.stores)
            guide = self.dice.choice(self.guides.get(store, [""]))
            return {"source": "pos", "store": store, "channel": "store", "guide": guide, "buyer": self._buyer()}
        if chance < 0.9:
            return {"source": "mini_program", "channel": "mini_program", "buyer": self._friend() or self._phone()}
        buyer = {"marketplace": f"tb{self.dice.randrange(WALK_INS)}", "app": "tmall"}
        return {"source": "tmall", "channel": "tmall", "buyer": buyer}

    def _buyer(self) -> dict[str, str]:
        chance = self.dice.random()
        return self._friend() if chance < 0.5 else self._phone() if chance < 0.8 else {}

    def _friend(self) -> dict[str, str]:
        """A customer of a guide's; a few of them come often."""
        if not self.friends:
            return {}
        return {"external_userid": self.friends[int(len(self.friends) * self.dice.random() ** 2)]}

    def _phone(self) -> dict[str, str]:
        one = int(WALK_INS * self.dice.random() ** 2)
        return {"phone": walk_in(one)}

    def somebody_returns(self, at: float) -> dict[str, Any]:
        """A refund of something sold lately, in full or in part."""
        row = self.sold.pop(self.dice.randrange(len(self.sold)))
        paid = row["paid_fen"] if self.dice.random() < 0.6 else row["lines"][0]["paid_fen"]
        when = max(at, datetime.fromisoformat(row["paid_at"]).timestamp())
        told = {"paid_at": datetime.fromtimestamp(when, UTC).isoformat(timespec="seconds"), "paid_fen": paid}
        of = {"source": row["source"], "number": f"R{row['number']}", "refund_of": row["number"]}
        return {**told, **of, "kind": "refund"}

    def next_rows(self, at: float) -> list[dict[str, Any]]:
        rows = [self.somebody_buys(at)]
        if self.dice.random() < REFUNDED and len(self.sold) > 5:
            rows.append(self.somebody_returns(at))
        return rows

    def send(self, rows: list[dict[str, Any]]) -> int:
        """How many rows were refused."""
        refused = 0
        for start in range(0, len(rows), AT_ONCE):
            results = self.api.call("orders/batch/", orders=rows[start : start + AT_ONCE])["results"]
            refused += sum(row["status"] == "rejected" for row in results)
            for row in [row for row in results if row["status"] == "rejected"][:3]:
                print(row["error"], flush=True)
        return refused

    def pick(self, places: list[str]) -> str:
        return self.dice.choices(places, [random.Random(place).paretovariate(1.6) for place in places])[0]


def walk_in(one: int) -> str:
    """The phone of one of those whom no guide knows; the low ones buy often."""
    return f"139{random.Random(f'phone {one}').randrange(10**8):08}"


def tell_the_past(shops: Shops, *, days: int, now: float) -> int:
    """How many rows the weeks before today gave."""
    rows = []
    midnight = (now + CHINA) // DAY * DAY - CHINA
    for ago in range(days, 0, -1):
        opens = midnight - ago * DAY + OPENS * HOUR
        instants = sorted(opens + HOURS * HOUR * shops.dice.random() for _ in range(A_DAY * len(shops.stores)))
        rows += [row for at in instants for row in shops.next_rows(at)]
    shops.send(rows)
    return len(rows)


def stand_open(shops: Shops, *, rate: float) -> None:
    """Never ends: an order for every second scan or so."""
    looked_at = told_at = time.monotonic()
    while True:
        try:
            if time.monotonic() - looked_at > LOOK_AGAIN:
                shops.look_around()
                looked_at = time.monotonic()
            if time.monotonic() - told_at > TELL_AGAIN:
                print({"orders": shops.count}, flush=True)
                told_at = time.monotonic()
            shops.send(shops.next_rows(time.time()))
        except (Away, Refused) as away:
            print("not now:", away, flush=True)
        time.sleep(120 / rate * shops.dice.uniform(0.5, 1.5))


if __name__ == "__main__":
    username, _space, password = os.environ["DEMO_TILL"].partition(" ")
    api = Api(os.environ["BASE_URL"], username, password)
    past = sys.argv[1:] == ["past"]
    dice = random.Random(f"{os.environ['DEMO_SEED']} {past}")
    shops = Shops(api=api, ask=asking(os.environ["WECOM_API_BASE_URL"]), dice=dice)
    shops.look_around()
    if past:
        shops.tell_goods()
        print(tell_the_past(shops, days=int(os.environ["DEMO_DAYS"]), now=time.time()), "rows", flush=True)
    elif float(os.environ["DEMO_RATE"]) > 0:
        stand_open(shops, rate=float(os.environ["DEMO_RATE"]))
