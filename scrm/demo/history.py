"""`python -m scrm.demo.history`: customers of the weeks before today, told by the sandbox as WeCom tells its news.

The sandbox's clock stands in the past; it is driven hour by hour up to now, so that boards have days to show.
"""

import json
import os
import random
import time
import urllib.request
from collections.abc import Callable

from scrm.demo.traffic import Town, asking

OPENS, HOURS = 10, 12  # shops open from ten to ten
HOUR, DAY, CHINA = 3600, 86_400, 8 * 3600
A_DAY = 14  # scans of twelve stores on a quiet day
BUSIER = (1.0, 0.9, 0.9, 1.0, 1.3, 1.9, 1.7)  # Monday to Sunday
BUSIEST = 48  # stores; a bigger brand has as many customers
PATIENCE = 60.0


def beginning(now: float, *, days: int) -> float:
    """When the shops opened so many days ago, in Unix seconds."""
    midnight = (now + CHINA) // DAY * DAY - CHINA
    return midnight - days * DAY + OPENS * HOUR


def live_through(town: Town, *, days: int, stores: int) -> None:
    """Every day from the world's clock until yesterday; then the clock is real time again."""
    for day in range(days):
        now = float(town.ask("time")["now"])
        weekday = time.gmtime(now + CHINA).tm_wday
        growing = 0.8 + 0.4 * day / days
        scans = A_DAY * min(stores, BUSIEST) / 12 * BUSIER[weekday] * growing * town.dice.uniform(0.8, 1.2)
        for _ in range(HOURS):
            for _ in range(int(scans / HOURS + town.dice.random())):
                town.one_scan_and_what_follows()
            town.ask("time", advance=HOUR)
        town.ask("settle", timeout=30)
        town.ask("time", advance=min(DAY - HOURS * HOUR, _to_now(town)))
    town.ask("time", advance=_to_now(town), frozen=False)


def _to_now(town: Town) -> float:
    """The seconds from the world's clock to ours, which it never passes: a demo may begin before the shops open."""
    return max(0.0, time.time() - float(town.ask("time")["now"]))


def wait_until(what: Callable[[], object]) -> None:
    gives_up = time.monotonic() + PATIENCE
    while not what() and time.monotonic() < gives_up:
        time.sleep(0.2)


def has_codes(town: Town) -> bool:
    """Whether WeCom knows the product's codes, as far as one can see: there are some, and no new ones."""
    before = len(town.codes)
    town.look_around()
    return 0 < before == len(town.codes)


def is_applied(base_url: str) -> bool:
    """Whether the product has no letter left to apply."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{base_url}/readyz", timeout=10) as answer:
        return json.load(answer)["inbox_depth"] == 0


if __name__ == "__main__":
    town = Town(ask=asking(os.environ["WECOM_API_BASE_URL"]), dice=random.Random(os.environ["DEMO_SEED"]))
    wait_until(lambda: has_codes(town))
    live_through(town, days=int(os.environ["DEMO_DAYS"]), stores=int(os.environ["DEMO_STORES"]))
    wait_until(lambda: is_applied(os.environ["BASE_URL"]))
    print(dict(town.happened))
