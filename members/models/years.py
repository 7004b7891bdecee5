"""What each person bought within the last 365 days, as slices of numbers: for tables over millions of members."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from stores.scope import ScopedQuerySet


class YearSlice(models.Model):
    """Of one number of everybody (`fen` spent, `days` with an order) one binary digit: the members who have it."""

    store_path = None

    name = models.CharField(max_length=8)
    digit = models.SmallIntegerField()
    at = models.DateTimeField()
    body = models.BinaryField()
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("digit of a year's purchases")
        verbose_name_plural = _("digits of a year's purchases")
        constraints = [models.UniqueConstraint(fields=["name", "digit"], name="a_digit_of_a_year_is_kept_once")]
