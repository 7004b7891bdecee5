"""What a customer's story tells of what she bought and gave back."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from members.models import Order, Refund
from members.timelines import Happening, newest

TELLS = frozenset({"order", "refund"})


def happenings(viewer: Any, members: Sequence[int], before: datetime | None, limit: int) -> Iterable[Happening]:
    """Her newest orders and refunds at or before an instant, as far as the viewer sees them."""
    yield from _orders(viewer, members, before, limit)
    yield from _refunds(viewer, members, before, limit)


def _orders(viewer: Any, members: Sequence[int], before: datetime | None, limit: int) -> Iterator[Happening]:
    seen = Order.objects.visible_to(viewer).filter(member__in=members, parent=None).select_related("store", "source")
    for one in newest(seen, "paid_at", before, limit):
        said = _("Bought for %s yuan") % yuan(one.paid_fen)
        what = " · ".join(filter(None, [one.channel_words, _("%d units") % one.units if one.units else "", one.number]))
        store = one.store.name if one.store else ""
        yield Happening(one.paid_at, "order", said, what, "receipt_long", store, "", f"order:{one.pk}")


def _refunds(viewer: Any, members: Sequence[int], before: datetime | None, limit: int) -> Iterator[Happening]:
    bought = Order.objects.visible_to(viewer).filter(member__in=members)
    seen = Refund.objects.filter(order__in=bought).select_related("order__store")
    for one in newest(seen, "refunded_at", before, limit):
        said = _("Gave back for %s yuan") % yuan(one.paid_fen)
        store = one.order.store.name if one.order and one.order.store else ""
        yield Happening(
            one.refunded_at, "refund", said, one.order_number, "undo", store, "", f"refund:{one.pk}"
        )  # fmt: skip


def yuan(fen: int) -> str:
    """Money as people read it: 1,234.50."""
    return f"{fen / 100:,.2f}"
