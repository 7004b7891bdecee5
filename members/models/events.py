"""What members did: pages seen, live rooms entered, services rated."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models.people import Member
from members.models.sources import Source
from stores.models import Store
from stores.scope import ScopedQuerySet


class Event(models.Model):
    """One thing that a member did, as a source told it. Partitioned by month of `at` (`members.months`)."""

    store_path = "store"
    day_path = "day"
    guide_path = "seller"
    personal = True

    source = models.ForeignKey(Source, models.PROTECT, verbose_name=_("source"), related_name="+", db_index=False)
    number = models.CharField(
        _("number"), max_length=64, help_text=_("The source's own; what comes again is known by it.")
    )
    member = models.ForeignKey(
        Member, models.PROTECT, verbose_name=_("customer"), related_name="events", db_index=False
    )
    kind = models.CharField(_("kind"), max_length=32)
    at = models.DateTimeField(_("at"))
    day = models.DateField(_("day"))
    store = models.ForeignKey(
        Store, models.PROTECT, verbose_name=_("store"), null=True, related_name="+", db_index=False
    )
    seller = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("guide"),
        null=True,
        related_name="+",
        db_index=False,
    )
    payload: Any = models.JSONField(_("details"), default=dict)
    told_at = models.DateTimeField(_("told"))
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-pk"]
        constraints = [
            # Partitions can keep unique only what holds `at`; the verb looks through all of them under a lock.
            models.UniqueConstraint(fields=["source", "number", "at"], name="an_event_is_told_once")
        ]
        indexes = [
            models.Index(fields=["member", "at"], name="events_of_a_member"),
            models.Index(fields=["kind", "at", "member"], name="events_by_kind"),
            models.Index(fields=["store", "id"], condition=~Q(store=None), name="events_of_a_store"),
            models.Index(fields=["seller", "id"], condition=~Q(seller=None), name="events_of_a_seller"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"
