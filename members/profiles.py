"""Who is this customer, in one glance."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from members import cards, chapters, consents, sights
from members.models import Consent, Identity, Joining, Member, MemberGrade, MemberStage, MemberTag
from scrm.audit import entries
from scrm.audit.models import Entry

FEW = 8
ONE_VISIT = timedelta(minutes=10)
CHIPS = (Consent.Purpose.SERVICE, Consent.Purpose.MARKETING_1V1, Consent.Purpose.MARKETING_GROUP)


@dataclass(frozen=True)
class Glance:
    """What the head of a customer's page says; what the viewer may not read is empty."""

    card: cards.Card
    stage: MemberStage | None
    grades: list[MemberGrade]
    tags: list[Any]
    consents: list[tuple[Any, bool]]
    reach: list[str]
    joinings: list[Joining]
    registered_at: datetime | None

    @property
    def cause(self) -> str:
        return chapters.cause_words(self.stage.cause) if self.stage else ""


def glance(viewer: Any, sight: sights.Sight, *, at: datetime) -> Glance:
    """One person as the viewer may know her."""
    root = sight.root.pk
    card = cards.of(viewer, [sight.root], at=at)[0]
    summed = sights.summed(viewer, [root], at=at)
    worn = MemberTag.objects.visible_to(viewer).filter(member__in=sight.circle, tag__deleted_at=None)
    allowed = [(purpose.label, root in consents.allows([root], purpose, at=at)) for purpose in CHIPS]
    return Glance(
        card=card,
        stage=MemberStage.objects.filter(member__in=summed).first(),
        grades=list(cards.grades(viewer, summed, [root]).select_related("store").order_by("store")),
        tags=sorted({tag.tag.name for tag in worn.select_related("tag")[: FEW * 4]})[: FEW + 1],
        consents=allowed,
        reach=_reach(viewer, sight, card, at),
        joinings=list(Joining.objects.visible_to(viewer).filter(member__in=sight.circle).select_related("store")),
        registered_at=_registered_at(viewer, sight),
    )


def _registered_at(viewer: Any, sight: sights.Sight) -> datetime | None:
    """Since when she is a member: of the members of hers whom the viewer sees."""
    seen = Member.objects.filter(pk__in=sights.met(viewer, sight.circle), registered_at__isnull=False)
    return seen.order_by("registered_at").values_list("registered_at", flat=True).first()


def _reach(viewer: Any, sight: sights.Sight, card: cards.Card, at: datetime) -> list[str]:
    phone = sights.ids(viewer, sight.circle, at=at).filter(kind=Identity.Kind.PHONE)
    return [word for word, is_so in ((_("a guide"), card.has_live), (_("a phone"), phone.exists())) if is_so]


def opened(viewer: Any, member: Member, *, at: datetime) -> None:
    """Leaves one line in the audit book for one visit to a customer's page, however many of its parts are opened."""
    lately = Entry.objects.filter(customer=member.public_id, at__gt=at - ONE_VISIT, at__lte=at, actor=viewer)
    if not lately.filter(verb="member.read", detail__page="customer").exists():
        entries.record_read(viewer, member, at=at, page="customer")
