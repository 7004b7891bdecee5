"""What the brand sells, and how much of it lies in which store."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from scrm.ids import PublicId
from stores.models import Store
from stores.scope import ScopedQuerySet


class Product(models.Model):
    """A thing for sale, by its SKU."""

    store_path = None
    for_every_seat = True

    public_id = PublicId("pr_")
    sku = models.CharField(_("SKU"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=120)
    category = models.CharField(_("category"), max_length=60, blank=True, db_default="")
    price_fen = models.BigIntegerField(_("price (fen)"), null=True, blank=True)
    is_on_sale = models.BooleanField(_("on sale"), default=True, db_default=True)
    created_at = models.DateTimeField(_("first told"))
    changed_at = models.DateTimeField(_("last changed"))
    objects: Any = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            models.CheckConstraint(
                condition=Q(price_fen=None) | Q(price_fen__gte=0), name="a_price_is_not_below_nothing"
            )
        ]
        indexes = [models.Index(fields=["category", "sku"], name="products_by_category")]

    def __str__(self) -> str:
        return self.name


class Stock(models.Model):
    """How many of a product a store has, as its system last said."""

    store_path = "store"

    product = models.ForeignKey(Product, models.CASCADE, verbose_name=_("product"), related_name="stock")
    store = models.ForeignKey(Store, models.CASCADE, verbose_name=_("store"), related_name="stock")
    quantity = models.IntegerField(_("quantity"))
    told_at = models.DateTimeField(_("as of"))
    objects: Any = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("stock")
        verbose_name_plural = _("stock")
        constraints = [
            models.UniqueConstraint(fields=["product", "store"], name="a_stores_stock_of_a_product_stands_once"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="stock_is_not_below_nothing"),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.store}: {self.quantity}"
