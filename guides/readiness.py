"""Who cannot stand in a code yet, why, and what to do about it; by store and in all."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from guides.models import Guide, Posting

UNVERIFIED = ("41054", "40098")


class Reason(models.TextChoices):
    """Why a guide is not ready; the first that holds is the one to be mended first."""

    UNSEEN = "unseen", _("not in the app's visible range")
    LEFT = "left", _("left the company in WeCom")
    DISABLED = "disabled", _("disabled in WeCom")
    NOT_ACTIVATED = "not_activated", _("WeCom not activated")
    NO_CONTACT = "no_contact", _("no customer contact")
    UNVERIFIED = "unverified", _("not verified by real name")
    REFUSED = "refused", _("refused by WeCom")
    NO_NUMBER = "no_number", _("no staff number")


class Remedy(NamedTuple):
    """What is to be done, and by whom."""

    act: Any
    who: Any


HQ, HERSELF = _("HQ, in WeCom's console"), _("the guide herself")
REMEDIES: dict[str, Remedy] = {
    Reason.UNSEEN: Remedy(_("App management › the app › Visible range: add her department, then read the roster."), HQ),
    Reason.LEFT: Remedy(_("Nothing, if she is gone. Otherwise invite her again: Contacts › Invite members."), HQ),
    Reason.DISABLED: Remedy(_("Contacts › the member › Enable."), HQ),
    Reason.NOT_ACTIVATED: Remedy(
        _("Install WeCom, sign in with the phone number that HQ entered, and join the company."), HERSELF
    ),
    Reason.NO_CONTACT: Remedy(_("Customer contact › Permissions › Usable by: add her or her department."), HQ),
    Reason.UNVERIFIED: Remedy(
        _("In WeCom on the phone: Me › Settings › Account › Real-name verification. It is tried again each day."),
        HERSELF,
    ),
    Reason.REFUSED: Remedy(_("Look the code up in WeCom's error table. It is tried again each day."), HQ),
    Reason.NO_NUMBER: Remedy(
        _("Contacts › the member › Edit: fill in her staff number, or import it with the people."), HQ
    ),
}

# The first that holds. Together they are what GuideQuerySet.able leaves out.
_HOLDS: tuple[tuple[str, Q], ...] = (
    (Reason.UNSEEN, Q(status="placeholder")),
    (Reason.LEFT, Q(status="left") | Q(wecom_status=5)),
    (Reason.DISABLED, Q(wecom_status=2)),
    (Reason.NOT_ACTIVATED, ~Q(status="active") | Q(wecom_status__isnull=False, wecom_status__gt=1)),
    (Reason.NO_CONTACT, Q(can_contact=False)),
    (Reason.UNVERIFIED, Q(contact_trouble__in=UNVERIFIED)),
    (Reason.REFUSED, ~Q(contact_trouble="")),
    (Reason.NO_NUMBER, Q(corp__staff_number_required=True, staff_number="")),
)


def with_reason(guides: Any) -> Any:
    """The guides with `reason`: why each is not ready, "" for who is."""
    return guides.annotate(reason=Case(*(When(q, then=Value(str(r))) for r, q in _HOLDS), default=Value("")))


def unready(viewer: Any) -> Any:
    """The present postings, in the viewer's stores, of guides who are not ready; each with `reason`."""
    holds = [When(_of_guide(q), then=Value(str(r))) for r, q in _HOLDS]
    here: Any = Posting.objects.visible_to(viewer).filter(ends_at=None).exclude(guide__status=Guide.Status.LEFT)
    return here.annotate(reason=Case(*holds, default=Value(""))).exclude(reason="")


def _of_guide(q: Q) -> Q:
    """A condition on a guide as one on her posting."""
    parts = [_of_guide(part) if isinstance(part, Q) else (f"guide__{part[0]}", part[1]) for part in q.children]  # type: ignore[index]
    return Q(*parts, _connector=q.connector, _negated=q.negated)


class Held(NamedTuple):
    """A reason, and how many guides it holds back."""

    reason: Reason
    guides: int


def counted(postings: Any) -> list[Held]:
    """How many guides each reason holds back, the frequent ones first."""
    rows = postings.order_by().values_list("reason").annotate(n=Count("guide", distinct=True))
    return [Held(Reason(reason), n) for reason, n in sorted(rows, key=lambda row: -row[1])]


def by_store(postings: Any) -> Any:
    """A row for each store where somebody is not ready: public_id, name, code, n; the worst first."""
    rows = postings.order_by().values(public_id=F("store__public_id"), name=F("store__name"), code=F("store__code"))
    return rows.annotate(n=Count("guide", distinct=True)).order_by("-n", "code")


def unplaced(viewer: Any) -> QuerySet[Guide]:
    """Guides without a store whom only letters or imports know: outside the visible range. For who sees everything."""
    seen = Guide.objects.visible_to(viewer).filter(status=Guide.Status.PLACEHOLDER)
    return with_reason(seen.exclude(Exists(Posting.objects.filter(guide=OuterRef("pk"), ends_at=None))))


def described(postings: Any) -> Iterator[dict[str, Any]]:
    """Rows for people: guide, store, reason, what to do and who does it."""
    for posting in postings:
        reason = Reason(posting.reason)
        yield {
            "guide": posting.guide,
            "store": posting.store,
            "reason": reason,
            "errcode": posting.guide.contact_trouble if reason in (Reason.UNVERIFIED, Reason.REFUSED) else "",
            "remedy": REMEDIES[reason],
        }
