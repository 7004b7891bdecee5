"""The tiers of cities, by which reports split customers and stores."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from stores.scope import ScopedQuerySet


class Tier(models.IntegerChoices):
    """As the trade counts: the four great ones, the new great ones, and four more ranks."""

    FIRST = 1, _("tier 1")
    NEW_FIRST = 2, _("new tier 1")
    SECOND = 3, _("tier 2")
    THIRD = 4, _("tier 3")
    FOURTH = 5, _("tier 4")
    FIFTH = 6, _("tier 5")


class CityTier(models.Model):
    """The tier of a city, by its name as stores write it, without 市. A city that is missing has none."""

    store_path = None
    for_every_seat = True

    city = models.CharField(_("city"), max_length=40, unique=True)
    tier = models.SmallIntegerField(_("tier"), choices=Tier)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("city")
        verbose_name_plural = _("city tiers")
        ordering = ["tier", "city"]

    def __str__(self) -> str:
        return self.city
