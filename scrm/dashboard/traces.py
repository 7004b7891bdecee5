"""What happened to this scan? Brings together letters, facts, relations and calls, each as far as the viewer may see.

A letter belongs to the relation in whose time it falls. Who may see that relation reads the letter's story; of a
customer with relations at stores of different owners, each owner reads his own part, and nothing tells him of others.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from guides.models import Code, Guide, Posting, Relation, RelationFact
from members.models import Identity, Member
from scrm import sealed
from scrm.clock import day_span
from scrm.dashboard import stories
from scrm.dashboard.eyes import Eyes
from scrm.dashboard.stories import ADDS, FOUND, MISSED, Case, Story
from scrm.wecom import events
from scrm.wecom.models import Corp, Letter, OutboundCall, Repeat

MOST = 200  # letters on one page
SET_ASIDE = 500  # letters that are not applied, among which those of a code or guide are looked for
SET_ASIDE_STATES = (Letter.State.PARKED, Letter.State.UNKNOWN)
READS = (RelationFact.Kind.READ_THERE, RelationFact.Kind.READ_GONE)
Pair = tuple[int, int]  # member and guide


@dataclass(frozen=True)
class Day:
    """A day's letters of a code or a guide, newest first."""

    stories: list[Story]
    is_cut: bool  # whether there were more

    @property
    def outcomes(self) -> list[tuple[str, int, str]]:
        return stories.outcomes(self.stories)


def of_member(viewer: Any, member: Member) -> list[Story]:
    """The stories of a customer, newest first."""
    people = Identity.objects.filter(member=member, kind=Identity.Kind.EXTERNAL_USERID, corp__isnull=False)
    names = list(people.values_list("corp_id", "value"))
    letters = _letters_of(names)
    facts = list(RelationFact.objects.filter(member=member).exclude(kind__in=READS).order_by("-at")[:MOST])
    return Desk(viewer).tell(facts, letters, unheard=member.pk)


def of_stream(viewer: Any, external_userid: str) -> list[Story]:
    """The stories of a customer whom we know from letters only."""
    return Desk(viewer).tell([], _letters_of([(corp, external_userid) for corp in _ids(Corp.objects.all())]))


def of_code(viewer: Any, code: Code, day: Any) -> Day:
    """Who scanned this code on a Shanghai day, and what became of it."""
    start, end = day_span(day)
    facts = RelationFact.objects.filter(code=code, kind__in=ADDS, at__gte=start, at__lt=end)
    asked = Q(event="change_external_contact", change_type__in=("add_external_contact", "add_half_external_contact"))
    return _day(viewer, facts, asked, start, end, lambda case: case.state == code.state)


def of_guide(viewer: Any, guide: Guide, day: Any) -> Day:
    """What happened between a guide and customers on a Shanghai day."""
    start, end = day_span(day)
    facts = RelationFact.objects.filter(guide=guide, at__gte=start, at__lt=end).exclude(kind__in=READS)
    asked = Q(event="change_external_contact", corp=guide.corp_id)
    return _day(viewer, facts, asked, start, end, lambda case: case.guide == guide)


def of_letter(viewer: Any, letter: Letter) -> Story | None:
    """The story of one letter; None where the viewer may not read it."""
    facts = list(RelationFact.objects.filter(letter_id=letter.pk))
    return next(iter(Desk(viewer).tell(facts, [letter])), None)


def about(viewer: Any, letters: Sequence[Letter]) -> dict[int, Case]:
    """What each letter is about, without its story; by its id."""
    told = {f.letter_id: f for f in RelationFact.objects.filter(letter_id__in=[letter.pk for letter in letters])}
    desk = Desk(viewer)
    cases = {letter.pk: desk.of_fact(told[letter.pk], letter) for letter in letters if letter.pk in told}
    desk.know(list(cases.values()))
    return cases


def _day(viewer: Any, facts: QuerySet, asked: Q, start: datetime, end: datetime, ours: Any) -> Day:
    desk = Desk(viewer)
    if not desk.eyes.sees_all:
        pairs = desk.eyes.relations().values("member", "guide")
        facts = facts.filter(member__in=pairs.values("member"))
    found = list(facts.order_by("-at", "-pk")[: MOST + 1])
    told = desk.tell(found[:MOST], _unapplied(asked, start, end), only=ours)
    return Day(told, len(found) > MOST)


def _unapplied(asked: Q, start: datetime, end: datetime) -> list[Letter]:
    """Letters of these hours that wait or were set aside; both kinds have an index of their own and are few."""
    here = Q(happened_at__gte=start, happened_at__lt=end)
    waiting = Letter.objects.waiting().order_by("id")[:SET_ASIDE]
    aside = Letter.objects.filter(state__in=SET_ASIDE_STATES).order_by("-id")[:SET_ASIDE]
    ids = [*waiting.values_list("pk", flat=True), *aside.values_list("pk", flat=True)]
    return list(Letter.objects.filter(asked & here, pk__in=ids))


def _letters_of(names: Sequence[tuple[int, str]]) -> list[Letter]:
    wanted = Letter.objects.filter(corp__in={corp for corp, _ in names}, stream__in={name for _, name in names})
    return list(wanted.order_by("-happened_at", "-pk")[:MOST])


def _ids(rows: QuerySet) -> list[int]:
    return list(rows.values_list("pk", flat=True))


class Desk:
    """One page's worth of cases, gathered in a fixed number of queries."""

    def __init__(self, viewer: Any) -> None:
        self.eyes = Eyes(viewer)

    def tell(
        self, facts: Sequence[RelationFact], letters: Sequence[Letter], *, unheard: int | None = None, only: Any = None
    ) -> list[Story]:
        """The stories of these facts and letters that the viewer may read; of `unheard`, what no letter told too."""
        by_id = {letter.pk: letter for letter in letters}
        lost = {f.letter_id for f in facts if f.letter_id} - by_id.keys()
        by_id |= Letter.objects.in_bulk(lost)
        told = {f.letter_id for f in facts}
        silent = [letter for letter in letters if letter.pk not in told]
        told_elsewhere = set(
            RelationFact.objects.filter(letter_id__in=[letter.pk for letter in silent]).values_list(
                "letter_id", flat=True
            )
        )
        cases = [self.of_fact(fact, by_id.get(fact.letter_id or 0)) for fact in facts]
        cases += [self._of_letter(letter) for letter in silent if letter.pk not in told_elsewhere]
        self.know(cases, unheard)
        if unheard is not None:
            cases += self._unheard(unheard)
        kept = [case for case in cases if self._may_read(case) and (only is None or case.fact or only(case))]
        self._furnish(kept)
        return [stories.tell(case) for case in sorted(kept, key=lambda case: case.at, reverse=True)]

    def of_fact(self, fact: RelationFact, letter: Letter | None) -> Case:
        customer = letter.stream if letter else ""
        return Case(fact.at, fact.kind, letter, fact, state=fact.state, customer=customer)

    def _of_letter(self, letter: Letter) -> Case:
        case = Case(letter.happened_at, letter.change_type, letter, customer=letter.stream)
        try:
            event: Any = events.parse(letter.xml())
        except (events.Unreadable, sealed.CannotOpen) as why:
            case.error = f"{type(why).__name__}: {why}"[:200]
            return case
        case.userid = getattr(event, "userid", "")
        case.state = getattr(event, "state", "") or ""
        return case

    def know(self, cases: Sequence[Case], unheard: int | None = None) -> None:
        """Members, guides, codes and relations of the cases."""
        self._name_members(cases)
        self._name_guides(cases)
        members = {case.member.pk for case in cases if case.member} | ({unheard} if unheard else set())
        rows = Relation.objects.filter(member__in=members).select_related("store").order_by("opened_at", "epoch")
        self.epochs: dict[Pair, list[Relation]] = defaultdict(list)
        for row in rows:
            self.epochs[row.member_id, row.guide_id].append(row)
        self.visible = None if self.eyes.sees_all else set(self._visible([r.pk for r in rows]))
        for case in cases:
            if case.member and case.guide:
                case.relation = self._epoch((case.member.pk, case.guide.pk), case.at)
            if self.visible is not None and case.fact is None and _is_after_the_end(case):
                case.relation = None  # what follows may begin at a store of somebody else
        self._name_codes(cases)

    def _visible(self, ids: Sequence[int]) -> QuerySet:
        return self.eyes.relations().filter(pk__in=ids).values_list("pk", flat=True)

    def _name_members(self, cases: Sequence[Case]) -> None:
        known = Member.objects.in_bulk({case.fact.member_id for case in cases if case.fact})
        names = {(case.letter.corp_id, case.customer) for case in cases if case.letter and not case.fact}
        people = Identity.objects.filter(
            kind=Identity.Kind.EXTERNAL_USERID, corp__in={c for c, _ in names}, value__in={v for _, v in names}
        ).select_related("member")
        strangers = {(one.corp_id, one.value): one.member for one in people} if names else {}
        for case in cases:
            letter = case.letter
            case.member = (
                known.get(case.fact.member_id) if case.fact else strangers.get((letter.corp_id, case.customer))  # type: ignore[union-attr]
            )

    def _name_guides(self, cases: Sequence[Case]) -> None:
        known = Guide.objects.in_bulk({case.fact.guide_id for case in cases if case.fact})
        wanted = {case.userid.lower() for case in cases if case.userid}
        others: dict[tuple[int, str], Guide] = {}
        if wanted:
            small = Guide.objects.annotate(small=Lower("userid")).filter(small__in=wanted)
            others = {(guide.corp_id, guide.userid.lower()): guide for guide in small}
        for case in cases:
            if case.fact:
                case.guide = known.get(case.fact.guide_id)
            elif case.letter:
                case.guide = others.get((case.letter.corp_id, case.userid.lower()))
        self.postings: dict[int, set[int]] = defaultdict(set)
        guides = {case.guide.pk for case in cases if case.guide}
        for guide, store in Posting.objects.filter(guide__in=guides, ends_at=None).values_list("guide_id", "store_id"):
            self.postings[guide].add(store)

    def _name_codes(self, cases: Sequence[Case]) -> None:
        ids = {case.fact.code_id for case in cases if case.fact and case.fact.code_id}
        states = {case.state for case in cases if case.state and not case.fact}
        found = list(Code.objects.filter(Q(pk__in=ids) | Q(state__in=states)).select_related("store").defer("qr_image"))
        by_id, by_state = {code.pk: code for code in found}, {(code.corp_id, code.state): code for code in found}
        for case in cases:
            if case.fact:
                case.code = by_id.get(case.fact.code_id or 0)
            elif case.letter:
                case.code = by_state.get((case.letter.corp_id, case.state))

    def _epoch(self, pair: Pair, at: datetime) -> Relation | None:
        """The relation of a pair in whose time an instant falls."""
        rows = self.epochs.get(pair, [])
        n = bisect_right([row.opened_at for row in rows], at)
        return rows[n - 1] if n else None

    def _may_read(self, case: Case) -> bool:
        if self.visible is None:
            return True
        if not self.eyes.code(case.code, case.guide):
            return False
        if case.relation is not None:
            return case.relation.pk in self.visible and (not _is_after_the_end(case) or self._works_here(case))
        if case.fact is not None or case.letter is None or case.letter.state == Letter.State.APPLIED:
            return False
        return self._works_here(case)

    def _works_here(self, case: Case) -> bool:
        places = self.postings.get(case.guide.pk, set()) if case.guide else set()
        return self.eyes.unapplied(case.guide, case.code, places)

    def _unheard(self, member: int) -> list[Case]:
        """What happened to a customer without a letter: a reading of WeCom's lists found or missed her."""
        rows = [row for (who, _guide), epochs in self.epochs.items() if who == member for row in epochs]
        told = RelationFact.objects.filter(member=member).values_list("guide_id", "kind", "at")
        heard = [(guide, kind, at) for guide, kind, at in told]
        guides = Guide.objects.in_bulk({row.guide_id for row in rows})
        codes = Code.objects.defer("qr_image").in_bulk({row.code_id for row in rows if row.code_id})
        person = Member.objects.get(pk=member)
        cases = []
        for row in rows:
            about = {"guide": guides[row.guide_id], "member": person, "relation": row}
            mine = [(kind, at) for guide, kind, at in heard if guide == row.guide_id]
            if row.added_at and not _told(mine, ADDS, row.opened_at, row.ended_at):
                read = (at for kind, at in mine if kind == READS[0] and at >= row.added_at)
                seen = min((at for at in read if row.ended_at is None or at <= row.ended_at), default=None)
                code = codes.get(row.code_id or 0)
                cases.append(Case(row.added_at, FOUND, read_at=seen, code=code, **about))  # type: ignore[arg-type]
            if row.ended_at and not _told(mine, stories.ENDS, row.ended_at, row.ended_at):
                cases.append(Case(row.ended_at, MISSED, **about))  # type: ignore[arg-type]
        return cases

    def _furnish(self, cases: Sequence[Case]) -> None:
        """Calls, repeated deliveries and first readings of the cases that the viewer reads."""
        letters = [case.letter.pk for case in cases if case.letter]
        repeats: dict[int, list[datetime]] = defaultdict(list)
        for letter, at in (
            Repeat.objects.filter(letter__in=letters).order_by("received_at").values_list("letter_id", "received_at")
        ):
            repeats[letter].append(at)
        calls = self._calls(cases, letters)
        reads = self._first_reads(cases)
        for case in cases:
            if case.guide:
                case.workplaces = len(self.postings.get(case.guide.pk, ()))
            if case.letter:
                case.repeats = repeats[case.letter.pk]
                case.calls += calls[f"letter:{case.letter.pk}"]
            if case.fact:
                case.calls += [*calls[f"tags:{case.fact.pk}"], *calls[f"remark:{case.fact.pk}"]]
                read_at, until = reads.get((case.fact.member_id, case.fact.guide_id, case.fact.pk)), _end(case)
                case.read_at = read_at if read_at and (until is None or read_at <= until) else None

    def _calls(self, cases: Sequence[Case], letters: Sequence[int]) -> dict[str, list[OutboundCall]]:
        facts = [case.fact for case in cases if case.fact and case.fact.kind == RelationFact.Kind.ADD]
        keys = [f"{what}:{fact.pk}" for fact in facts for what in ("tags", "remark")]
        corps = {case.guide.corp_id for case in cases if case.guide}
        of_letters = OutboundCall.objects.filter(letter__in=letters)
        of_facts = OutboundCall.objects.filter(corp__in=corps, key__in=keys)
        found: dict[str, list[OutboundCall]] = defaultdict(list)
        for call in of_letters:
            found[f"letter:{call.letter_id}"].append(call)
        for call in of_facts if keys else ():
            found[str(call.key)].append(call)
        return found

    def _first_reads(self, cases: Sequence[Case]) -> dict[tuple[int, int, int], datetime]:
        """When WeCom was first read after each add, by member, guide and fact."""
        adds = [case.fact for case in cases if case.fact and case.kind in ADDS]
        members, guides = {f.member_id for f in adds}, {f.guide_id for f in adds}
        reads = RelationFact.objects.filter(kind=READS[0], member__in=members, guide__in=guides)
        by_pair: dict[Pair, list[datetime]] = defaultdict(list)
        for member, guide, at in reads.order_by("at").values_list("member_id", "guide_id", "at"):
            by_pair[member, guide].append(at)
        found = {}
        for fact in adds:
            later = [at for at in by_pair[fact.member_id, fact.guide_id] if at >= fact.at]
            if later:
                found[fact.member_id, fact.guide_id, fact.pk] = later[0]
        return found


def _end(case: Case) -> datetime | None:
    return case.relation.ended_at if case.relation else None


def _is_after_the_end(case: Case) -> bool:
    """Whether it happened when the relation in whose time it falls had ended."""
    end = _end(case)
    return end is not None and case.at > end


def _told(
    heard: Iterable[tuple[str, datetime]], kinds: Collection[str], since: datetime, until: datetime | None
) -> bool:
    """Whether an event of these kinds came in a time."""
    return any(kind in kinds and since <= at and (until is None or at <= until) for kind, at in heard)
