"""Whom the brand can reach, counted by place; and lists by which stores win back whom it cannot."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from members.models.people import Member
from scrm.ids import PublicId
from stores.models import Region, Store
from stores.scope import ScopedQuerySet


class ReachCount(models.Model):
    """The persons of a place by the best way to reach each, as of a day; each person stands under one way, so that the
    ways sum up to all. Somebody known to two stores stands in the row of each, and once in the brand's."""

    store_path = "store"
    not_for_guides = True

    class Kind(models.TextChoices):
        BRAND = "brand", _("brand")
        REGION = "region", _("region")
        TIER = "tier", _("city tier")
        STORE = "store", _("store")

    day = models.DateField(_("as of"))
    kind = models.CharField(max_length=8, choices=Kind)
    region = models.ForeignKey(Region, models.CASCADE, null=True, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.CASCADE, null=True, related_name="+", db_index=False)
    tier = models.SmallIntegerField(null=True)
    people = models.IntegerField(_("customers"))
    by_guide = models.IntegerField(_("by a guide"))
    by_group = models.IntegerField(_("by a group"), default=0)
    by_phone = models.IntegerField(_("by phone only"))
    by_nothing = models.IntegerField(_("by nothing"))
    registered = models.IntegerField(_("registered"))
    marketing = models.IntegerField(_("allow marketing"))
    objects: Any = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("count of reachable customers")
        verbose_name_plural = _("counts of reachable customers")
        constraints = [
            models.UniqueConstraint(
                fields=["day", "kind", "region", "store", "tier"],
                nulls_distinct=False,
                name="a_place_is_counted_once_a_day",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    people=models.F("by_guide") + models.F("by_group") + models.F("by_phone") + models.F("by_nothing")
                ),
                name="the_ways_to_reach_sum_up_to_all",
            ),
        ]


class Activation(models.Model):
    """A list of customers whom a store invites to add a guide, and the words with which it does."""

    store_path = "store"
    not_for_guides = True

    public_id = PublicId("al_")
    store = models.ForeignKey(Store, models.PROTECT, verbose_name=_("store"), related_name="+")
    made_at = models.DateTimeField(_("made"))
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("made by"), related_name="+")
    words = models.CharField(_("text message"), max_length=300)
    people = models.IntegerField(_("invited"))
    unwilling = models.IntegerField(_("left out: marketing not allowed"))
    more = models.IntegerField(_("left out: the list is full"), default=0)
    objects: Any = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("activation list")
        verbose_name_plural = _("activation lists")
        ordering = ["-made_at", "-pk"]
        indexes = [models.Index(fields=["made_at"], name="activations_by_time")]

    def __str__(self) -> str:
        return f"{self.store} {self.made_at:%Y-%m-%d}"


class Invitee(models.Model):
    """One customer on an activation list, and why she is on it."""

    store_path = "activation__store"
    not_for_guides = True
    personal = True

    class Reason(models.TextChoices):
        NEVER = "never", _("bought or joined here, never added a guide")
        LOST = "lost", _("deleted her guide")

    activation = models.ForeignKey(Activation, models.CASCADE, related_name="invitees", db_index=False)
    member = models.ForeignKey(Member, models.CASCADE, verbose_name=_("customer"), related_name="+")
    reason = models.CharField(_("reason"), max_length=8, choices=Reason)
    was_registered = models.BooleanField(default=False)
    had_ordered = models.BooleanField(default=False)
    objects: Any = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("invited customer")
        verbose_name_plural = _("invited customers")
        constraints = [
            models.UniqueConstraint(fields=["activation", "member"], name="a_list_names_a_customer_once"),
        ]
