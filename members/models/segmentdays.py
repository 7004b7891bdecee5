"""How a segment moved on a day that is over."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from members.models.segments import Segment
from stores.scope import ScopedQuerySet


class SegmentDay(models.Model):
    """How many entered a segment and left it on a day: the sum of that day's changes, which may be many."""

    store_path = None

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="days", db_index=False)
    day = models.DateField(db_index=True)
    entered = models.IntegerField()
    left = models.IntegerField()
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("day of a segment")
        verbose_name_plural = _("days of segments")
        constraints = [models.UniqueConstraint(fields=["segment", "day"], name="a_day_of_a_segment_is_summed_once")]
