"""What customers bought and gave back, by the numbers of the sources that told it.

A split order: the parent is the sale, its children tell how it was split up, one level deep. As long as the parent is
known its children count neither as money nor as orders; a child whose parent has not come counts by itself.
A refund counts on its own day, and takes from the order's store and seller. While its order has not come it waits;
what goes beyond the sum that was paid never counts. Sums are of goods alone: freight stands beside them.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from members.models.people import Member
from members.models.sources import Source
from scrm.ids import PublicId
from stores.models import Store
from stores.scope import ScopedQuerySet

NUMBER = 64  # characters of a source's number


class OrderQuerySet(ScopedQuerySet):
    def counted(self) -> "OrderQuerySet":
        """The orders that are sales by themselves: no parts of a split order whose whole is known."""
        return self.filter(parent=None)


class Order(models.Model):
    """A sale. Who bought is the member with whom it was born; null while nobody said who it was."""

    store_path = "store"
    day_path = "paid_day"
    guide_path = "seller"
    personal = True

    class Channel(models.TextChoices):
        STORE = "store", _("store")
        MINI_PROGRAM = "mini_program", _("mini-program")
        WECHAT_SHOP = "wechat_shop", _("WeChat shop")
        YOUZAN = "youzan", _("Youzan")
        TAOBAO = "taobao", _("Taobao")
        TMALL = "tmall", _("Tmall")
        JD = "jd", _("JD")
        PDD = "pdd", _("Pinduoduo")
        DOUYIN = "douyin", _("Douyin")
        KUAISHOU = "kuaishou", _("Kuaishou")
        XIAOHONGSHU = "xiaohongshu", _("Xiaohongshu")
        DELIVERY = "delivery", _("delivery platform")
        OTHER = "other", _("other")

    public_id = PublicId("o_")
    source = models.ForeignKey(Source, models.PROTECT, verbose_name=_("source"), related_name="+", db_index=False)
    number = models.CharField(_("number"), max_length=NUMBER)
    parent_number = models.CharField(_("part of"), max_length=NUMBER, blank=True, db_default="")
    parent = models.ForeignKey(
        "self", models.SET_NULL, verbose_name=_("part of"), null=True, related_name="parts", db_index=False
    )
    member = models.ForeignKey(
        Member, models.PROTECT, verbose_name=_("customer"), null=True, related_name="orders", db_index=False
    )
    # A keyed fingerprint of the ids that the source told of the buyer: she is looked for again when it changes.
    buyer = models.BinaryField(max_length=16, null=True, editable=False)
    content = models.BinaryField(max_length=16, editable=False)  # a digest of all that the row said
    store = models.ForeignKey(
        Store, models.PROTECT, verbose_name=_("store"), null=True, related_name="orders", db_index=False
    )
    channel = models.CharField(_("channel"), max_length=20, choices=Channel)
    seller = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("sold by"), null=True, related_name="+",
        db_index=False,
    )  # fmt: skip
    seller_userid = models.CharField(_("sold by (userid)"), max_length=64, blank=True, db_default="")
    paid_at = models.DateTimeField(_("paid at"))
    paid_day = models.DateField(_("paid on"))
    paid_fen = models.BigIntegerField(_("paid (fen)"))
    refunded_fen = models.BigIntegerField(_("refunded (fen)"), default=0, db_default=0)
    freight_fen = models.BigIntegerField(_("freight (fen)"), default=0, db_default=0)  # paid besides the goods
    units = models.IntegerField(_("units"), default=0, db_default=0)
    categories = models.SmallIntegerField(_("categories"), default=0, db_default=0)
    # What the source says of the row's age: an older saying changes nothing.
    version_at = models.DateTimeField(_("changed at the source"), null=True)
    created_at = models.DateTimeField(_("first told"))
    changed_at = models.DateTimeField(_("last changed"))
    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.UniqueConstraint(fields=["source", "number"], name="an_order_is_told_once_by_a_source"),
            models.CheckConstraint(condition=Q(paid_fen__gte=0), name="an_order_is_paid_not_owed"),
        ]
        indexes = [
            models.Index(fields=["member", "paid_at"], condition=Q(member__isnull=False), name="orders_by_member"),
            models.Index(fields=["store", "paid_day"], name="orders_by_store"),
            models.Index(fields=["paid_day"], name="orders_by_day"),
            models.Index(fields=["seller", "paid_day"], condition=Q(seller__isnull=False), name="orders_by_seller"),
            models.Index(
                fields=["source", "parent_number"], condition=~Q(parent_number=""), name="orders_by_their_whole"
            ),
            models.Index(fields=["parent"], condition=Q(parent__isnull=False), name="orders_that_are_parts"),
            # Boards ask what changed since they last looked.
            models.Index(fields=["changed_at"], name="orders_by_change"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def net_fen(self) -> int:
        return self.paid_fen - self.refunded_fen

    @property
    def channel_words(self) -> str:
        return str(self.get_channel_display())


class OrderLine(models.Model):
    """A line of an order; the lines sum up to what was paid."""

    seen_through = "order"
    store_path = None
    personal = True

    order = models.ForeignKey(Order, models.CASCADE, verbose_name=_("order"), related_name="lines", db_index=False)
    position = models.SmallIntegerField(_("line"))
    sku = models.CharField(_("SKU"), max_length=64)
    name = models.CharField(_("name"), max_length=120, blank=True)
    category = models.CharField(_("category"), max_length=60, blank=True)
    quantity = models.IntegerField(_("quantity"))
    paid_fen = models.BigIntegerField(_("paid (fen)"))
    objects: Any = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("line of an order")
        verbose_name_plural = _("lines of orders")
        constraints = [models.UniqueConstraint(fields=["order", "position"], name="an_orders_line_stands_once")]

    def __str__(self) -> str:
        return f"{self.name or self.sku} × {self.quantity}"


class Refund(models.Model):
    """Money that was given back."""

    seen_through = "order"
    store_path = None
    personal = True

    class State(models.TextChoices):
        WAITING = "waiting", _("waits for its order")
        COUNTED = "counted", _("counted")
        EXCESS = "excess", _("more than was paid: not counted")
        FREIGHT = "freight", _("freight alone: not counted")

    public_id = PublicId("rf_")
    source = models.ForeignKey(Source, models.PROTECT, verbose_name=_("source"), related_name="+", db_index=False)
    number = models.CharField(_("number"), max_length=NUMBER)
    order_number = models.CharField(_("of order"), max_length=NUMBER)
    order = models.ForeignKey(
        Order, models.CASCADE, verbose_name=_("order"), null=True, related_name="refunds", db_index=False
    )
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    refunded_at = models.DateTimeField(_("refunded at"))
    refunded_day = models.DateField(_("refunded on"))
    paid_fen = models.BigIntegerField(_("refunded (fen)"))
    freight_fen = models.BigIntegerField(_("freight (fen)"), default=0, db_default=0)  # given back besides
    content = models.BinaryField(max_length=16, editable=False)
    version_at = models.DateTimeField(_("changed at the source"), null=True)
    created_at = models.DateTimeField(_("first told"))
    changed_at = models.DateTimeField(_("last changed"))
    objects: Any = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints = [
            models.UniqueConstraint(fields=["source", "number"], name="a_refund_is_told_once_by_a_source"),
            models.CheckConstraint(condition=Q(paid_fen__gt=0), name="a_refund_gives_something_back"),
            models.CheckConstraint(
                condition=Q(state="waiting", order=None) | (~Q(state="waiting") & Q(order__isnull=False)),
                name="a_refund_waits_until_its_order_comes",
            ),
        ]
        indexes = [
            models.Index(F("order"), F("refunded_at"), name="refunds_by_order", condition=Q(order__isnull=False)),
            models.Index(fields=["source", "order_number"], name="refunds_by_number"),
            models.Index(fields=["refunded_day"], name="refunds_by_day"),
            models.Index(fields=["changed_at"], name="refunds_by_change"),
        ]

    def __str__(self) -> str:
        return self.number


class RefundLine(models.Model):
    """What was given back, where the source tells it by line."""

    seen_through = "refund"
    store_path = None
    personal = True

    refund = models.ForeignKey(Refund, models.CASCADE, verbose_name=_("refund"), related_name="lines", db_index=False)
    position = models.SmallIntegerField(_("line"))
    sku = models.CharField(_("SKU"), max_length=64)
    quantity = models.IntegerField(_("quantity"))
    paid_fen = models.BigIntegerField(_("refunded (fen)"))
    objects: Any = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("line of a refund")
        verbose_name_plural = _("lines of refunds")
        constraints = [models.UniqueConstraint(fields=["refund", "position"], name="a_refunds_line_stands_once")]

    def __str__(self) -> str:
        return f"{self.sku} × {self.quantity}"


class Correction(models.Model):
    """Where and when an order or a refund stood before its source said otherwise; the day it left is counted anew."""

    store_path = "store"
    day_path = "day"
    guide_path = "seller"
    personal = True

    order = models.ForeignKey(Order, models.CASCADE, verbose_name=_("order"), related_name="corrections")
    member = models.ForeignKey(
        Member, models.PROTECT, verbose_name=_("customer"), null=True, related_name="+", db_index=False
    )
    day = models.DateField(_("day"))
    store = models.ForeignKey(
        Store, models.PROTECT, verbose_name=_("store"), null=True, related_name="+", db_index=False
    )
    seller = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("sold by"), null=True, related_name="+",
        db_index=False,
    )  # fmt: skip
    paid_fen = models.BigIntegerField(_("paid (fen)"))
    is_refund = models.BooleanField(_("refund"))
    at = models.DateTimeField(_("corrected at"))
    objects: Any = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("correction of an order")
        verbose_name_plural = _("corrections of orders")
        indexes = [models.Index(fields=["at"], name="corrections_by_time")]

    def __str__(self) -> str:
        return f"{self.order} {self.day}"
