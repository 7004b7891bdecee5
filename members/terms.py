"""What customers are asked to allow: the only writer of terms. No version is changed, only followed by the next."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from members.models import Consent, Terms
from scrm.audit import entries
from stores.models import Franchisee

Purpose = Consent.Purpose
# What the registration page asks, each on its own; a guardian is asked on behalf of a minor only.
ASKED = [p for p in Purpose if p != Purpose.MINOR_GUARDIAN]


class VersionIsTaken(Exception):
    """Terms of this version were written already."""


def present(*, at: datetime, controller: Franchisee | None = None) -> Terms | None:
    """The version that holds."""
    return Terms.objects.filter(controller=controller, valid_from__lte=at).order_by("-valid_from", "-pk").first()


@transaction.atomic
def publish(
    version: str,
    purposes: Mapping[str, str],
    *,
    title: str,
    by: Any,
    at: datetime,
    body: str = "",
    valid_from: datetime | None = None,
    controller: Franchisee | None = None,
    wording_only: Collection[str] = (),
) -> Terms:
    """A new version. A purpose whose text changed needs a new word, unless only the wording did. VersionIsTaken."""
    before = Terms.objects.filter(controller=controller).order_by("-valid_from", "-pk").first()
    texts = {p: " ".join(text.split()) for p, text in purposes.items() if p in Purpose.values and text.strip()}
    told = {"title": title.strip(), "body": body.strip(), "valid_from": valid_from or at, "made_at": at, "by": by}
    renewed = sorted(p for p in _changed(before, texts) if p not in wording_only)
    try:
        with transaction.atomic():
            made = Terms.objects.create(
                version=version.strip(), controller=controller, purposes=texts, renewed=renewed, **told
            )
    except IntegrityError:
        raise VersionIsTaken from None
    entries.record("terms.published", by=by, subject=made, at=at, version=made.version, renewed=renewed)
    return made


def _changed(before: Terms | None, texts: Mapping[str, str]) -> set[str]:
    return {p for p, text in before.purposes.items() if texts.get(p) != text} if before else set()


def usual() -> dict[str, str]:
    """Texts to begin with; counsel reads them before they are published."""
    return {
        Purpose.SERVICE: _("Answer my questions, handle orders, refunds and warranty."),
        Purpose.MARKETING_1V1: _("My guide may tell me of offers and new goods, in person by WeCom."),
        Purpose.MARKETING_GROUP: _("The brand may send me offers by mass message."),
        Purpose.PROFILING: _(
            "Work out from my orders and visits what may interest me. I can refuse and am served the same."
        ),
        Purpose.SHARE_FRANCHISEE: _(
            "Franchised stores that I visit may see my purchases at other stores of the brand, my tags and my grade."
        ),
        Purpose.AD_MATCH: _("Match my phone number, made unreadable, with advertising platforms."),
        Purpose.LOCATION: _("Use my location, while I allow it on the phone, to find the nearest store."),
    }
