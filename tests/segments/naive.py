"""A rule asked of one person after the other, in plain Python and from the rows as they stand."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from guides.models import Relation
from members.models import (
    Consent,
    Event,
    FieldValue,
    Joining,
    Member,
    MemberGrade,
    MemberStage,
    MemberTag,
    Order,
    OrderLine,
    Segment,
)
from scrm.clock import day_of

Rows = list[Any]


@dataclass
class Person:
    """A surviving member with the rows of all who are she."""

    root: Any
    members: Rows = field(default_factory=list)
    rows: dict[str, Rows] = field(default_factory=dict)

    def of(self, model: type) -> Rows:
        return self.rows.get(model.__name__, [])


MODELS = (MemberTag, Order, Consent, Relation, Joining, Event, FieldValue, MemberGrade, MemberStage)


def people() -> dict[int, Person]:
    """Every living person."""
    members = {m.pk: m for m in Member.objects.all()}
    found = {pk: Person(m) for pk, m in members.items() if m.same_person_as_id is None and m.erased_at is None}
    roots = {pk: m.same_person_as_id or pk for pk, m in members.items()}
    for pk, member in members.items():
        if roots[pk] in found:
            found[roots[pk]].members.append(member)
    for model in MODELS:
        for row in model.objects.all():
            if row.member_id and roots[row.member_id] in found:
                found[roots[row.member_id]].rows.setdefault(model.__name__, []).append(row)
    return found


def whom(rule: Any, at: datetime) -> set[int]:
    """The people whom a rule means."""
    asked = Asked(at)
    return {pk for pk, person in people().items() if asked.holds(rule, person)}


def inside(segment: Segment, at: datetime) -> set[int]:
    """The people of a segment: less those of the segments before it in its exclusive group."""
    found = whom(segment.version.rule, at)
    if segment.group_id:
        for other in Segment.objects.live().filter(group=segment.group_id, priority__lt=segment.priority):
            found -= inside(other, at)
    return found


class Asked:
    def __init__(self, at: datetime) -> None:
        self.at, self.day = at, day_of(at)
        self._segments: dict[str, set[int]] = {}

    def holds(self, rule: Any, person: Person) -> bool:
        if "all" in rule:
            return all(self.holds(part, person) for part in rule["all"])
        if "any" in rule:
            return any(self.holds(part, person) for part in rule["any"])
        if "none" in rule:
            return not any(self.holds(part, person) for part in rule["none"])
        return getattr(self, rule["field"].partition(":")[0])(rule, person)

    # --- comparisons

    def days(self, rule: Any, day: date | None) -> bool:
        if rule["op"] == "never":
            return day is None
        if rule["op"] == "between":
            return day is not None and date.fromisoformat(rule["value"][0]) <= day <= date.fromisoformat(
                rule["value"][1]
            )
        within = day is not None and day > self.day - timedelta(days=rule["days"])
        return within if rule["op"] == "within" else not within

    def number(self, rule: Any, number: int) -> bool:
        value = rule["value"]
        match rule["op"]:
            case "at_least":
                return number >= value
            case "at_most":
                return number <= value
        return value[0] <= number <= value[1]

    def any_all(self, rule: Any, has: set[str]) -> bool:
        wanted = set(rule["value"])
        match rule["op"]:
            case "has_all":
                return wanted <= has
            case "has_any" | "is_any":
                return bool(wanted & has)
        return not wanted & has

    # --- the person

    def tag(self, rule: Any, person: Person) -> bool:
        least = rule.get("min_score")
        rows = [row for row in self._worn(person) if least is None or (row.score is not None and row.score >= least)]
        return self.any_all(rule, {row.tag.public_id for row in rows})

    def _worn(self, person: Person) -> Rows:
        return [row for row in person.of(MemberTag) if row.expires_at is None or row.expires_at > self.at]

    def tag_group(self, rule: Any, person: Person) -> bool:
        worn = [row.tag for row in self._worn(person) if row.tag.deleted_at is None]
        return self.any_all(rule, {tag.group.public_id for tag in worn})

    def gender(self, rule: Any, person: Person) -> bool:
        return self.any_all(rule, {["unknown", "male", "female"][person.root.gender]})

    def registered(self, rule: Any, person: Person) -> bool:
        return rule["value"] == any(m.registered_at for m in person.members)

    def known(self, rule: Any, person: Person) -> bool:
        return self.days(rule, min(day_of(m.created_at) for m in person.members))

    def stage(self, rule: Any, person: Person) -> bool:
        return self.any_all(rule, {row.stage for row in person.of(MemberStage)})

    def grade(self, rule: Any, person: Person) -> bool:
        stores = (rule.get("where") or {}).get("store")
        rows = person.of(MemberGrade)
        if stores is None:
            return self.any_all(rule, {row.grade for row in rows if row.store_id is None})
        return self.any_all(rule, {row.grade for row in rows if row.store and row.store.public_id in stores})

    def consent(self, rule: Any, person: Person) -> bool:
        said = {purpose: self._allows(person, purpose) for purpose in rule["value"]}
        return all(said.values()) if rule["op"] == "allows" else not any(said.values())

    def _allows(self, person: Person, purpose: str) -> bool:
        last: dict[int, Any] = {}
        for row in sorted(person.of(Consent), key=lambda row: (row.at, row.state != "given", -row.pk)):
            if row.purpose == purpose and row.controller_id is None and row.at <= self.at:
                last[row.member_id] = row
        return bool(last) and all(row.state == "given" for row in last.values())

    def field(self, rule: Any, person: Person) -> bool:
        rows = [row for row in person.of(FieldValue) if row.field.key == rule["field"].partition(":")[2]]
        match rule["op"]:
            case "at_least":
                return any(row.number is not None and row.number >= rule["value"] for row in rows)
            case "within_next_days":
                last = self.day + timedelta(days=rule["days"])
                return any(row.date is not None and self.day <= row.date <= last for row in rows)
            case "anniversary_within_next_days":
                return any(row.date is not None and self._has_its_day(row.date, rule["days"]) for row in rows)
        raise NotImplementedError(rule)

    def _has_its_day(self, born: date, days: int) -> bool:
        ahead = [self.day + timedelta(days=n) for n in range(days + 1)]
        return any((day.month, day.day) == (born.month, born.day) for day in ahead)

    # --- guides and stores

    def relation(self, rule: Any, person: Person) -> bool:
        states = {row.state for row in person.of(Relation)} - {"half"}
        return ("live" if "live" in states else "lost" if states else "none") in rule["value"]

    def added(self, rule: Any, person: Person) -> bool:
        days = [row.added_day for row in person.of(Relation) if row.added_day]
        return self.days(rule, max(days, default=None))

    def guide(self, rule: Any, person: Person) -> bool:
        return self.any_all(rule, {row.guide.public_id for row in person.of(Relation) if row.state == "live"})

    def store(self, rule: Any, person: Person) -> bool:
        return self.any_all(rule, {store.public_id for store in self._stores(person)})

    def region(self, rule: Any, person: Person) -> bool:
        return self.any_all(rule, {store.region.public_id for store in self._stores(person)})

    def _stores(self, person: Person) -> list[Any]:
        rows = person.of(Relation) + person.of(Joining) + person.of(Order)
        return [row.store for row in rows if row.store_id]

    # --- what she bought and did

    def _orders(self, person: Person, rule: Any) -> Rows:
        rows = [row for row in person.of(Order) if row.refunded_fen < row.paid_fen or row.paid_fen == 0]
        if rule.get("days"):
            rows = [row for row in rows if row.paid_day > self.day - timedelta(days=rule["days"])]
        where = rule.get("where") or {}
        if "store" in where:
            rows = [row for row in rows if row.store and row.store.public_id in where["store"]]
        if "category" in where:
            rows = [row for row in rows if self._categories(row) & set(where["category"])]
        return rows

    def _categories(self, order: Any) -> set[str]:
        return set(OrderLine.objects.filter(order=order).values_list("category", flat=True))

    def last_order(self, rule: Any, person: Person) -> bool:
        return self.days(rule, max((row.paid_day for row in self._orders(person, {})), default=None))

    def first_order(self, rule: Any, person: Person) -> bool:
        return self.days(rule, min((row.paid_day for row in self._orders(person, {})), default=None))

    def orders(self, rule: Any, person: Person) -> bool:
        return self.number(rule, len(self._orders(person, rule)))

    def spent(self, rule: Any, person: Person) -> bool:
        rows = self._orders(person, rule)
        return self.number(rule, sum(row.paid_fen - row.refunded_fen for row in rows))

    def bought(self, rule: Any, person: Person) -> bool:
        wanted = [value.partition(":")[2] for value in rule["value"]]
        rows = self._orders(person, {"days": rule.get("days"), "where": {"category": wanted}})
        return bool(rows) == (rule["op"] == "has_any")

    def event(self, rule: Any, person: Person) -> bool:
        rows = [row for row in person.of(Event) if row.kind in rule["where"]["kind"]]
        if rule.get("days"):
            rows = [row for row in rows if row.day > self.day - timedelta(days=rule["days"])]
        return self.number(rule, len(rows))

    def segment(self, rule: Any, person: Person) -> bool:
        for public_id in rule["value"]:
            if public_id not in self._segments:
                self._segments[public_id] = inside(Segment.objects.get(public_id=public_id), self.at)
        found = any(person.root.pk in self._segments[public_id] for public_id in rule["value"])
        return found == (rule["op"] == "in")
