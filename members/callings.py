"""What somebody without a name is called: whoever is known by a marketplace alone by its name and the end of her id."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from members.models import Identity, Member, Order
from members.values import BLIND

SHOWN = 4  # signs of an id


def give(members: Iterable[Member]) -> None:
    """Those without a name who bought at a marketplace are called by it; one query for all."""
    nameless = {one.pk: one for one in members if not one.name}
    if not nameless:
        return
    markets = dict(Order.Channel.choices)
    known = Identity.objects.filter(kind=Identity.Kind.MARKETPLACE, member__in=nameless).order_by("-pk")
    for one in known:
        plain = (one.sealed or "") if one.kind in BLIND else one.value
        told = {"market": markets.get(one.app, one.app), "end": plain[-SHOWN:]}
        nameless[one.member_id or 0].called = _("%(market)s buyer ···%(end)s") % told
