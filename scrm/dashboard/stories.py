"""The story of one letter in sentences: what came, what we did with it, what WeCom said, what to do where it failed.

No queries here: `scrm.dashboard.traces` brings together what a case needs and who may read it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from guides.models import Code, Guide, Relation, RelationFact
from members.models import Member
from scrm.dashboard import outgoing
from scrm.dashboard.outgoing import BAD, GOOD, PLAIN, WAITS, Step
from scrm.wecom.models import Letter, OutboundCall
from scrm.wecom.models.letters import WELCOME_WINDOW

LATE = timedelta(seconds=5)  # WeCom hangs up after five and delivers again
Kind, Welcome, State = RelationFact.Kind, Letter.Welcome, Letter.State
ADDS = (Kind.ADD.value, Kind.HALF.value)
ENDS = (Kind.GUIDE_DELETED.value, Kind.TRANSFERRED.value, Kind.CUSTOMER_DELETED.value)
FOUND, MISSED = "found", "missed"  # what only a reading of WeCom told


@dataclass
class Case:
    """One thing that happened between a guide and a customer, with all that is known of it."""

    at: datetime
    kind: str  # of a fact; else the change that the letter names, FOUND or MISSED
    letter: Letter | None = None
    fact: RelationFact | None = None
    guide: Guide | None = None
    userid: str = ""
    member: Member | None = None
    customer: str = ""  # external_userid
    relation: Relation | None = None
    code: Code | None = None
    state: str = ""
    workplaces: int = 0  # at how many stores the guide works
    calls: list[OutboundCall] = field(default_factory=list)
    repeats: list[datetime] = field(default_factory=list)
    read_at: datetime | None = None
    error: str = ""  # why nobody can read the letter

    @property
    def is_purged(self) -> bool:
        """Whether there was a letter that is no longer kept."""
        return self.letter is None and self.fact is not None and self.fact.letter_id is not None

    def whom(self) -> str:
        return str(self.guide) if self.guide else self.userid or _("somebody unknown")


@dataclass(frozen=True)
class Story:
    case: Case
    title: str
    steps: tuple[Step, ...]

    @property
    def tone(self) -> str:
        """The worst that a step says."""
        tones = {step.tone for step in self.steps}
        return next((tone for tone in (BAD, WAITS, GOOD) if tone in tones), PLAIN)

    @property
    def can_replay(self) -> bool:
        letter = self.case.letter
        return letter is not None and letter.state in (State.PARKED, State.UNKNOWN)


def tell(case: Case) -> Story:
    """The story of a case, its steps in order of time; what has no time yet comes last."""
    steps = [*_received(case), *_handled(case), *_bound(case), *_welcomed(case), *_marked(case), *_read(case)]
    known = sorted((step for step in steps if step.at), key=lambda step: step.at or case.at)
    return Story(case, title(case), (*known, *(step for step in steps if not step.at)))


def title(case: Case) -> str:
    who = {"guide": case.whom()}
    said = {
        Kind.ADD.value: _("Added %(guide)s"),
        Kind.HALF.value: _("Asked to add %(guide)s"),
        Kind.CUSTOMER_DELETED.value: _("The customer deleted %(guide)s"),
        Kind.GUIDE_DELETED.value: _("%(guide)s deleted the customer"),
        Kind.TRANSFERRED.value: _("Handed over from %(guide)s to another guide"),
        "edit_external_contact": _("%(guide)s changed remark or tags"),
        "transfer_fail": _("The handover to %(guide)s failed"),
        "msg_audit_approved": _("Agreed to conversation archiving with %(guide)s"),
        "add_external_contact": _("Added %(guide)s"),
        "add_half_external_contact": _("Asked to add %(guide)s"),
        "del_external_contact": _("%(guide)s deleted the customer"),
        "del_follow_user": _("The customer deleted %(guide)s"),
        FOUND: _("Found at WeCom as a customer of %(guide)s"),
        MISSED: _("No longer at WeCom as a customer of %(guide)s"),
    }.get(case.kind)
    return said % who if said else _("A message of WeCom's")


def _received(case: Case) -> Iterator[Step]:
    letter = case.letter
    if letter is None:
        if case.is_purged:
            yield Step("purged", None, _("WeCom's message of that time is no longer kept. What it told us remains."))
        return
    lag = letter.received_at - letter.happened_at
    if lag > LATE:
        said = _("WeCom's message arrived late. Perhaps our server did not answer WeCom's first tries.")
    else:
        said = _("WeCom's message arrived.")
    yield Step("received", letter.received_at, said, WAITS if lag > LATE else PLAIN)
    if case.repeats:
        n = len(case.repeats)
        text = ngettext(
            "WeCom delivered it once more, since our answer was slow or lost. It counts once.",
            "WeCom delivered it %(n)d more times, since our answers were slow or lost. It counts once.",
            n,
        )
        yield Step("repeated", case.repeats[0], text % {"n": n})


def _handled(case: Case) -> Iterator[Step]:
    """Where the letter stands, unless it was applied."""
    letter = case.letter
    if letter is None or letter.state == State.APPLIED:
        return
    if letter.state == State.UNKNOWN:
        text, advice = _("This version does not know this kind of message."), _("It is kept for a later version.")
        yield Step("unknown", None, text, WAITS, advice)
    elif letter.state == State.PARKED:
        text = _("It could not be worked in and was set aside.")
        if case.error:
            text = _("Nobody can read it, so it was set aside.")
        advice = _("HQ: mend the cause that the technical part names, then have it worked in again.")
        yield Step("parked", letter.due_at, text, BAD, advice)
    elif letter.attempts:
        text = ngettext("Working it in failed %(n)d time.", "Working it in failed %(n)d times.", letter.attempts)
        advice = _("It is tried again by itself, eight times in all.")
        yield Step("failed", None, text % {"n": letter.attempts}, WAITS, advice)
    else:
        yield Step("waiting", None, _("It waits to be worked in."), WAITS, _("If this stays, the worker does not run."))


def _bound(case: Case) -> Iterator[Step]:
    at = case.letter.handled_at if case.letter else None
    if case.kind == FOUND:
        yield Step("found", case.read_at, _("No message of WeCom's came; a reading of WeCom's lists showed it."), WAITS)
    if case.kind == MISSED:
        text = _("No message of WeCom's came; a reading of WeCom's lists no longer showed the customer.")
        yield Step("missed", case.at, text, WAITS)
    if (case.fact is not None and case.kind in ENDS) or case.kind == MISSED:
        yield _ended(case, at)
    elif (case.fact is not None and case.kind in ADDS) or case.kind == FOUND:
        yield from _begun(case, at or case.read_at)
    elif case.letter is not None and case.letter.state == State.APPLIED:
        yield Step("noted", at, _("Noted; the customer is read from WeCom again."), GOOD)


def _ended(case: Case, at: datetime | None) -> Step:
    relation = case.relation
    if relation is None:
        return Step("nothing_to_end", at, _("We knew of no relation that could end."))
    if relation.ended_at and relation.ended_at != case.at:
        return Step("ended_before", at, _("The relation had ended before."))
    if case.kind == Kind.TRANSFERRED:
        return Step("moved", at, _("Counted as handed over, not as lost."), GOOD)
    counted = {"lost": _("Counted as lost."), "dropped": _("Counted as dropped by the guide.")}
    return Step("ended", at, counted.get(relation.state, _("The relation ended.")), GOOD)


def _begun(case: Case, at: datetime | None) -> Iterator[Step]:
    if case.state and case.code is None:
        text = _("It came with a code that is none of ours (“%(state)s”); it counts for the guide's store.")
        advice = _("Perhaps another system made the code, or it hangs in a shop since long ago. Replace it.")
        yield Step("unknown_code", at, text % {"state": case.state}, WAITS, advice)
    relation = case.relation
    if relation is None:
        yield Step("not_bound", at, _("Nothing was bound: a later message told that it had ended."))
        return
    before = relation.added_at if case.kind == Kind.ADD else relation.opened_at
    if case.fact is not None and before is not None and before < case.at:
        yield Step("already", at, _("They were friends already, so nothing new was bound."))
        return
    yield _placed(case, relation, at)
    if relation.added_at is None or relation.added_at > case.at:
        yield _confirmed(case, relation)
    if relation.by_transfer:
        yield Step("handed_over", at, _("The customer came by a handover, so it does not count as a new add."))


def _placed(case: Case, relation: Relation, at: datetime | None) -> Step:
    said = {"guide": case.whom(), "store": relation.store, "code": case.code and case.code.name}
    if relation.store_id is None:
        return _homeless(case, at)
    if case.code is not None:
        text = _("Bound to %(guide)s at %(store)s through the code “%(code)s”.")
    elif relation.store_chosen:
        text = _("Bound to %(guide)s; a colleague chose %(store)s.")
    else:
        text = _("Bound to %(guide)s at %(store)s, where she works. No code was scanned.")
    return Step("bound", at, text % said, GOOD)


def _homeless(case: Case, at: datetime | None) -> Step:
    who = {"guide": case.whom()}
    if case.workplaces:
        text = _("Bound to %(guide)s. She works at several stores and no code was scanned: the store is not known.")
        advice = _("Choose the store under Channel codes › customers who wait for a store.")
        return Step("unplaced", at, text % who, WAITS, advice)
    text = _("Bound to %(guide)s, who works at none of the stores that we know.")
    advice = _("HQ: post her to her store in Admin › Guides; the customer follows by herself.")
    return Step("no_posting", at, text % who, WAITS, advice)


def _confirmed(case: Case, relation: Relation) -> Step:
    if relation.added_at:
        return Step("confirmed", relation.added_at, _("The guide confirmed it; from here on it counts."), GOOD)
    advice = _("She confirms it in WeCom: Contacts › New customers.")
    return Step("half", None, _("%(guide)s has not confirmed it yet.") % {"guide": case.whom()}, WAITS, advice)


def _welcomed(case: Case) -> Iterator[Step]:
    letter = case.letter
    if letter is None or letter.welcome == Welcome.NONE:
        return
    call = next((call for call in case.calls if call.api == outgoing.WELCOME), None)
    late = letter.received_at - letter.happened_at > WELCOME_WINDOW
    yield outgoing.welcome(letter.welcome, call, late=late)


def _marked(case: Case) -> Iterator[Step]:
    for call in case.calls:
        if call.api != outgoing.WELCOME:
            yield outgoing.marking(call)
    waits = case.kind == Kind.ADD and case.code is not None and "{name}" in case.code.remark
    if waits and not any(call.api == outgoing.REMARK for call in case.calls):
        yield Step("remark", None, _("The remark waits until the customer's name is read from WeCom."), WAITS)


def _read(case: Case) -> Iterator[Step]:
    if case.read_at and case.kind != FOUND:
        yield Step("read", case.read_at, _("Name, picture and tags were read from WeCom."), GOOD)


# What a day is summed up by, in this order: the kind of a step, what it means, and how it sounds.
OUTCOMES: dict[str, tuple[Any, str]] = {
    "bound": (gettext_lazy("bound"), GOOD),
    "already": (gettext_lazy("were friends already"), PLAIN),
    "half": (gettext_lazy("not yet confirmed by the guide"), WAITS),
    "unplaced": (gettext_lazy("wait for a store"), WAITS),
    "no_posting": (gettext_lazy("of a guide without a store"), WAITS),
    "unknown_code": (gettext_lazy("came with an unknown code"), WAITS),
    "not_bound": (gettext_lazy("ended before they were bound"), PLAIN),
    "waiting": (gettext_lazy("wait to be worked in"), WAITS),
    "failed": (gettext_lazy("are tried again"), WAITS),
    "parked": (gettext_lazy("set aside"), BAD),
    "unknown": (gettext_lazy("of an unknown kind"), WAITS),
    "ended": (gettext_lazy("ended"), PLAIN),
    "moved": (gettext_lazy("handed over"), PLAIN),
    "welcome_sent": (gettext_lazy("welcomed"), GOOD),
    "welcome_waiting": (gettext_lazy("welcome being written"), WAITS),
    "welcome_sending": (gettext_lazy("welcome on its way"), WAITS),
    "welcome_elsewhere": (gettext_lazy("not welcomed: chat had begun"), PLAIN),
    "welcome_missing": (gettext_lazy("not welcomed: WeCom gave no right"), PLAIN),
    "welcome_nothing": (gettext_lazy("not welcomed: none is set up"), WAITS),
    "welcome_expired": (gettext_lazy("not welcomed: too late"), BAD),
    "welcome_failed": (gettext_lazy("not welcomed: refused"), BAD),
    "tags_failed": (gettext_lazy("tags not put on"), BAD),
    "remark_failed": (gettext_lazy("remark not written"), BAD),
    "repeated": (gettext_lazy("delivered more than once"), PLAIN),
    "purged": (gettext_lazy("message no longer kept"), PLAIN),
}


def outcomes(stories: Sequence[Story]) -> list[tuple[str, int, str]]:
    """How it went: each outcome in words, in how many stories it stands, and how it sounds."""
    counts: Counter[str] = Counter()
    for story in stories:
        counts.update({_outcome(step) for step in story.steps})
    return [(str(label), counts[kind], tone) for kind, (label, tone) in OUTCOMES.items() if counts[kind]]


def _outcome(step: Step) -> str:
    return f"{step.kind}_failed" if step.tone == BAD and step.kind in ("tags", "remark") else step.kind


def technical(case: Case) -> list[tuple[str, Any]]:
    """What engineers want to know: ids, states and codes, never what was written."""
    letter, fact = case.letter, case.fact
    said: list[tuple[str, Any]] = []
    if letter is not None:
        said += [("letter", letter.pk), ("event", f"{letter.event} {letter.change_type}".strip())]
        said += [("digest", bytes(letter.digest).hex()[:16]), ("state", letter.state), ("tries", letter.attempts)]
        said += [("error", case.error or letter.last_error)] if case.error or letter.last_error else []
    if fact is not None:
        said += [("fact", fact.pk), ("kind", fact.kind)]
    if case.relation is not None:
        said += [("relation", case.relation.public_id), ("epoch", case.relation.epoch)]
    return [*said, *(("call", outgoing.technical(call)) for call in case.calls)]
