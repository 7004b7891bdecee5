"""Where our count of a guide's day and WeCom's own differ by more than we can explain."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from guides.models.people import Guide
from scrm.ids import PublicId
from stores.models import Store
from stores.scope import ScopedQuerySet


class Drift(models.Model):
    """A guide's day on which WeCom counts other adds, or other deletions by customers, than we do.

    `ours_least` and `ours_most` are what we count without and with all that WeCom may count or not; `difference` is by
    how much WeCom's number lies outside of them: above 0 we miss events, below 0 WeCom's number is too small.
    """

    store_path = "store"
    day_path = "day"

    class Kind(models.TextChoices):
        ADDS = "adds", _("new customers")
        DELETIONS = "deletions", _("deletions by customers")

    class State(models.TextChoices):
        OPEN = "open", _("unexplained so far")
        GONE = "gone", _("settled by later data")
        ACCEPTED = "accepted", _("accepted as it is")
        LAPSED = "lapsed", _("too old to be judged again")

    public_id = PublicId("dr_")
    guide = models.ForeignKey(Guide, models.CASCADE, verbose_name=_("guide"), related_name="drifts", db_index=False)
    day = models.DateField(_("day"))
    kind = models.CharField(_("what"), max_length=10, choices=Kind)
    store = models.ForeignKey(
        Store, models.SET_NULL, verbose_name=_("store"), null=True, blank=True, related_name="+", db_index=False
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    theirs = models.IntegerField(_("WeCom counts"))
    ours_least = models.IntegerField(_("we count at least"))
    ours_most = models.IntegerField(_("we count at most"))
    found_later = models.IntegerField(_("found by a later reading"), default=0)
    difference = models.IntegerField(_("unexplained"))
    opened_at = models.DateTimeField(_("first seen"))
    judged_at = models.DateTimeField(_("last judged"))
    closed_at = models.DateTimeField(_("closed"), null=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("accepted by"), null=True, related_name="+"
    )
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("drift")
        verbose_name_plural = _("drifts")
        ordering = ["-day", "guide"]
        constraints = [
            models.UniqueConstraint(fields=["day", "guide", "kind"], name="a_drift_of_a_guides_day_is_told_once")
        ]
        indexes = [
            models.Index(fields=["day"], condition=Q(state="open"), name="drifts_that_are_open"),
            models.Index(fields=["store", "day"], name="drifts_of_a_store"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.guide_id} {self.kind}"
