"""What was said to a customer: the welcomes that WeCom was asked to send her."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from guides.models import Relation, RelationFact
from members.timelines import Happening
from scrm.wecom.models import OutboundCall

WELCOME = "externalcontact/send_welcome_msg"
ADDS = (RelationFact.Kind.ADD, RelationFact.Kind.HALF)


def happenings(viewer: Any, members: Sequence[int], before: datetime | None, limit: int) -> Iterable[Happening]:
    """The welcomes of adds that the viewer sees; one for each add, so all are read."""
    adds = {fact.letter_id: fact for fact in _adds(viewer, members)}
    calls = OutboundCall.objects.filter(letter__in=adds, api=WELCOME).defer("body")
    lines = [_line(call, adds[call.letter_id]) for call in calls]
    return [line for line in lines if before is None or line.at <= before]


def _adds(viewer: Any, members: Sequence[int]) -> Any:
    """The adds in the time of relations that she sees."""
    seen = Relation.objects.visible_to(viewer).filter(member__in=members)
    at_that_time = Q(opened_at__lte=OuterRef("at")) & (Q(ended_at=None) | Q(ended_at__gte=OuterRef("at")))
    hers = seen.filter(at_that_time, member=OuterRef("member"), guide=OuterRef("guide"))
    facts = RelationFact.objects.filter(member__in=members, kind__in=ADDS, letter_id__isnull=False)
    return facts.filter(Exists(hers)).select_related("guide")


def _line(call: OutboundCall, fact: RelationFact) -> Happening:
    is_sent = call.state == OutboundCall.State.DONE
    said = _("A welcome from %s was sent") if is_sent else _("A welcome from %s was not sent")
    at = call.answered_at or call.called_at or call.created_at
    detail = "" if is_sent else str(call.get_state_display())
    return Happening(at, "message", said % fact.guide, detail, "waving_hand", "", "", f"call:{call.pk}")
