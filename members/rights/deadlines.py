"""Working days of mainland China: weekdays, but for the holidays and make-up days that HQ keeps."""

from datetime import date, timedelta

from django.conf import settings

from members.models import Holiday

ONE = timedelta(days=1)


def due(asked_on: date, days: int | None = None) -> date:
    """The last day on which a request that came on this day is answered in time."""
    left, day = days or settings.REQUEST_WORKING_DAYS, asked_on
    until = asked_on + ONE * (left * 3 + 60)  # more than any golden week takes
    words = dict(Holiday.objects.filter(day__gt=asked_on, day__lte=until).values_list("day", "works"))
    while left:
        day += ONE
        left -= words.get(day, day.weekday() < 5)
    return day
