"""What WeCom itself counts of a guide's days (doc 92132): read one guide at a time, stored as told, never summed."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from guides.models.people import Guide
from stores.scope import ScopedQuerySet


class OfficialDay(models.Model):
    """A guide's day as WeCom counts it; what it left out is NULL, which is not 0.

    A row of zeros may have been read too early: it is known only once a later reading says the same.
    """

    store_path = None

    guide = models.ForeignKey(
        Guide, models.CASCADE, verbose_name=_("guide"), related_name="official_days", db_index=False
    )
    day = models.DateField(_("day"))
    chats = models.IntegerField(_("chats"), null=True)
    messages = models.IntegerField(_("messages"), null=True)
    reply_percentage = models.DecimalField(
        _("answered on the same day, percent"), max_digits=12, decimal_places=8, null=True
    )
    reply_minutes = models.IntegerField(_("minutes to the first answer"), null=True)
    deletions = models.IntegerField(_("customers who deleted or blocked her"), null=True)
    applications = models.IntegerField(_("applications that she made"), null=True)
    contacts = models.IntegerField(_("new customers"), null=True)
    first_read_at = models.DateTimeField(_("first read"))
    fetched_at = models.DateTimeField(_("last read"))
    known_at = models.DateTimeField(_("known since"), null=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("guide's day as WeCom counts it")
        verbose_name_plural = _("guides' days as WeCom counts them")
        constraints = [
            models.UniqueConstraint(fields=["day", "guide"], name="wecom_counts_a_guides_day_once"),
            models.CheckConstraint(
                condition=Q(chats__gte=0, messages__gte=0, deletions__gte=0, applications__gte=0, contacts__gte=0),
                name="what_wecom_counts_is_not_negative",
            ),
        ]


class OfficialReading(models.Model):
    """Since when a guide's days are to be read from WeCom's statistics, and how the last try ended."""

    store_path = None

    guide = models.OneToOneField(Guide, models.CASCADE, verbose_name=_("guide"), related_name="+")
    planned_day = models.DateField(null=True)  # the newest day that was asked for
    due_at = models.DateTimeField(null=True)
    tries = models.IntegerField(default=0)
    errcode = models.IntegerField(_("last refusal"), null=True)
    read_at = models.DateTimeField(null=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("reading of WeCom's statistics")
        verbose_name_plural = _("readings of WeCom's statistics")
        indexes = [
            # The lane that reads statistics asks only for the due ones.
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="statistics_to_read"),
        ]
