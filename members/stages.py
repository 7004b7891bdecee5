"""A customer's life as a fold over what happened to her: the same facts, in whatever order and however often they were
told, give the same story.

lead         we know her
added        she and a guide are friends
member       she registered
first order  she bought on one day
repeat       she bought on two days or more
advocate     she brought a new buyer; nobody reaches it until there are referrals
at risk      a buyer stayed away for longer than her own rhythm lets expect
lost         a buyer stayed away for much longer; or who never bought nor registered has no guide any more

Her rhythm is the median of the days between her days of buying; who bought on one day only has the usual gap. An order
that was given back in full is none. Time moves her at the first instant of a Shanghai day.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median_low
from typing import NamedTuple

from members.models import Stage
from scrm.clock import day_of, start_of

KNOWN, ADDED, REGISTERED, ORDER, MOVED, ENDED = "known", "added", "registered", "order", "moved", "ended"
RANK = {kind: n for n, kind in enumerate((KNOWN, ADDED, REGISTERED, ORDER, MOVED, ENDED))}
TIME = "time"


class Fact(NamedTuple):
    """Something that happened. `key` names its row, such as `order:81`; the end of a relation has its add's key."""

    at: datetime
    kind: str
    key: str = ""


class Step(NamedTuple):
    """From an instant on she stands at a stage; `cause` is the fact's kind and key, or that time passed."""

    stage: str
    at: datetime
    cause: str


@dataclass(frozen=True)
class Limits:
    """From when on a buyer who stays away is at risk, and lost: so many tenths of her gap, within least and most."""

    risk_after: int = 15
    lost_after: int = 40
    usual_gap: int = 60
    risk_least: int = 30
    risk_most: int = 180
    lost_least: int = 90
    lost_most: int = 365

    def days(self, gaps: list[int]) -> tuple[int, int]:
        """After how many days without an order she is at risk, and after how many she is lost."""
        gap = median_low(gaps) if gaps else self.usual_gap
        risk = min(max(gap * self.risk_after // 10, self.risk_least), self.risk_most)
        lost = min(max(gap * self.lost_after // 10, self.lost_least), self.lost_most)
        return risk, max(lost, risk + 1)


@dataclass
class Life:
    """What the facts so far make of her."""

    limits: Limits
    friends: set[str] = field(default_factory=set)
    was_added: bool = False
    is_registered: bool = False
    is_handed_on: bool = False
    last_day: date | None = None
    gaps: list[int] = field(default_factory=list)
    bought_days: int = 0
    steps: list[Step] = field(default_factory=list)

    def stand(self, stage: str, at: datetime, cause: str) -> None:
        if not self.steps or self.steps[-1].stage != stage:
            self.steps.append(Step(stage, at, cause))

    def reached(self) -> str:
        """The stage by what happened, whatever time has passed since."""
        if self.bought_days:
            return Stage.REPEAT if self.bought_days > 1 else Stage.FIRST_ORDER
        if self.is_registered:
            return Stage.MEMBER
        if self.was_added:
            return Stage.ADDED if self.friends or self.is_handed_on else Stage.LOST
        return Stage.LEAD

    def deadlines(self) -> list[tuple[date, str]]:
        """The days on which time alone moves her, unless she buys before."""
        if self.last_day is None:
            return []
        risk, lost = self.limits.days(self.gaps)
        last = self.last_day
        return [(last + timedelta(days=risk), Stage.AT_RISK), (last + timedelta(days=lost), Stage.LOST)]

    def wait(self, until: date) -> None:
        """Time passes up to a day, that day included."""
        for day, stage in self.deadlines():
            if day <= until and (not self.steps or self.steps[-1].at < start_of(day)):
                self.stand(stage, start_of(day), TIME)

    def happen(self, fact: Fact) -> None:
        self.wait(day_of(fact.at))
        slept = self.steps and self.steps[-1].cause == TIME
        getattr(self, f"_{fact.kind}")(fact)
        if not (slept and fact.kind != ORDER):  # nothing but an order wakes a buyer who stayed away
            self.stand(self.reached(), fact.at, f"{fact.kind} {fact.key}".strip())

    def _known(self, fact: Fact) -> None: ...

    def _added(self, fact: Fact) -> None:
        self.friends.add(fact.key)
        self.was_added, self.is_handed_on = True, False

    def _registered(self, fact: Fact) -> None:
        self.is_registered = True

    def _moved(self, fact: Fact) -> None:
        self.friends.discard(fact.key)
        self.is_handed_on = not self.friends

    def _ended(self, fact: Fact) -> None:
        self.friends.discard(fact.key)

    def _order(self, fact: Fact) -> None:
        day = day_of(fact.at)
        if self.last_day == day:
            return
        if self.last_day is not None:
            self.gaps.append((day - self.last_day).days)
        self.last_day, self.bought_days = day, self.bought_days + 1


class Story(NamedTuple):
    """The steps of a life in order, and the next day on which time alone moves her."""

    steps: list[Step]
    due_on: date | None


def tell(facts: Iterable[Fact], limits: Limits, *, today: date) -> Story:
    """Her story up to the end of a Shanghai day."""
    life = Life(limits)
    for fact in _in_order(facts):
        life.happen(fact)
    life.wait(today)
    coming = [day for day, _stage in life.deadlines() if day > today]
    return Story(life.steps, min(coming, default=None))


def _in_order(facts: Iterable[Fact]) -> list[Fact]:
    """By time, each once. That we know her is news only where nothing else had happened by then."""
    told = sorted(set(facts), key=lambda fact: (fact.at, RANK[fact.kind], fact.key))
    first = next((fact.at for fact in told if fact.kind != KNOWN), None)
    known = [fact for fact in told if fact.kind == KNOWN][:1]
    before = [fact for fact in known if first is None or fact.at < first]
    return before + [fact for fact in told if fact.kind != KNOWN]
