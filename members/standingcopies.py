"""Where a person stands, as her copy tells it and as it is forgotten. Steps and changes of grades are only added; of
somebody who is forgotten they name nobody, and what people wrote beside them is emptied."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from members.models import GradeChange, Invitee, MemberGrade, MemberStage, StageChange

Rows = list[dict[str, Any]]


def copies(members: Collection[int]) -> dict[str, Rows]:
    """Her stage with its steps, and her grades."""
    steps = StageChange.objects.filter(member__in=members).order_by("telling", "at")
    grades = MemberGrade.objects.filter(member__in=members).select_related("store")
    return {
        "lifecycle": [
            {"stage": one.get_stage_display(), "at": one.at.isoformat(), "cause": one.cause.partition(" ")[0]}
            for one in steps
        ],
        "grades": [{"store": str(one.store or ""), "grade": one.grade, "reason": one.reason} for one in grades],
    }


def erase(members: Collection[int], at: datetime) -> dict[str, int]:
    """Her stage, her places on lists of whom to invite, and why people set her grade."""
    stages, _models = MemberStage.objects.filter(member__in=members).delete()
    places, _models = Invitee.objects.filter(member__in=members).delete()
    reasons = GradeChange.objects.filter(member__in=members).exclude(reason="").update(reason="")
    return {"stages": stages, "places on activation lists": places, "reasons of grades": reasons}
