"""Grades that people set by hand, and the rules by which the night grades: the only writer of both."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from members.models import GradeChange, GradeRule, Member, MemberGrade, StageRule
from scrm.audit import entries
from scrm.clock import day_of
from stores.models import Store

USUAL_TERM = timedelta(days=90)
LONGEST_TERM = timedelta(days=366)


class CannotBe(Exception):
    """Says why a grade or a rule cannot be as somebody wants it."""


class NoReason(CannotBe):
    """A grade set by hand needs a reason."""


class NoSuchTerm(CannotBe):
    """A grade set by hand ends on a later day, within a year."""


class AlreadyInForce(CannotBe):
    """A rule begins today or later, and not on the day of another."""


@transaction.atomic
def set_by_hand(
    member: Member, *, store: Store | None, grade: str, until: date, reason: str, by: Any, at: datetime
) -> MemberGrade:
    """Her grade at a store, or brand-wide, is this one until a day, whatever the rule says."""
    reason = reason.strip()[:200]
    if not reason:
        raise NoReason
    if not day_of(at) < until <= day_of(at) + LONGEST_TERM:
        raise NoSuchTerm
    row, _new = MemberGrade.objects.select_for_update().get_or_create(
        member=member, store=store, defaults={"grade": grade, "day": day_of(at)}
    )
    before = "" if _new else row.grade
    row.grade, row.override_by, row.override_until, row.reason = grade, by, until, reason
    row.save(update_fields=["grade", "override_by", "override_until", "reason"])
    _note(row, before, GradeChange.Cause.WORD, by=by, at=at, reason=reason)
    entries.record("grade.set", by=by, subject=member, at=at, store=store, grade=grade, until=str(until))
    return row


@transaction.atomic
def take_back(row: MemberGrade, *, by: Any, at: datetime) -> None:
    """The rule's grade holds again, at once."""
    held = MemberGrade.objects.select_for_update().filter(pk=row.pk, override_until__isnull=False).first()
    if held is None:
        return
    before, member, store = held.grade, held.member, held.store
    held.grade = held.rule_grade
    _note(held, before, GradeChange.Cause.EXPIRED, by=by, at=at, reason="")
    entries.record("grade.taken_back", by=by, subject=member, at=at, store=store)
    if not held.rule_grade:
        held.delete()
        return
    held.override_by, held.override_until, held.reason = None, None, ""
    held.save(update_fields=["grade", "override_by", "override_until", "reason"])


def _note(row: MemberGrade, before: str, cause: str, *, by: Any, at: datetime, reason: str) -> None:
    GradeChange.objects.create(
        member_id=row.member_id, store_id=row.store_id, grade=row.grade, before=before, cause=cause, at=at, by=by,
        reason=reason,
    )  # fmt: skip


@transaction.atomic
def enact(rule: GradeRule | StageRule, *, by: Any, at: datetime) -> GradeRule | StageRule:
    """A new version of a rule, in force from its day on; what was in force before stays in the book."""
    taken = type(rule).objects.filter(starts_on=rule.starts_on).exists()  # type: ignore[attr-defined]
    if taken or rule.starts_on < day_of(at):
        raise AlreadyInForce
    rule.by, rule.made_at = by, at
    rule.save()
    kind = "grade" if isinstance(rule, GradeRule) else "lifecycle"
    entries.record("standing_rule.enacted", by=by, subject=rule, at=at, rule=kind, starts_on=str(rule.starts_on))
    return rule
