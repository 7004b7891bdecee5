"""Whom a till means by the userid of whoever sold."""

from collections.abc import Iterable

from django.db.models.functions import Lower

from guides.models import Guide
from scrm.wecom.models import Corp


def named(userids: Iterable[str]) -> dict[str, int]:
    """People by the userid as the till writes it, whatever its case; what several corps know is left out."""
    asked = {userid.lower(): userid for userid in userids}
    corps = list(Corp.objects.values_list("pk", flat=True))  # the index by userid begins with the corp
    guides = Guide.objects.annotate(low=Lower("userid")).filter(corp__in=corps, low__in=asked).exclude(person=None)
    found: dict[str, set[int]] = {}
    for low, person in guides.values_list("low", "person_id"):
        found.setdefault(low, set()).add(person)
    return {userid: next(iter(found[low])) for low, userid in asked.items() if len(found.get(low, ())) == 1}
