"""Filters named after fields. What a list does not know it refuses; silence would look like an answer."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorList
from django.http import QueryDict
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters import rest_framework as filters

from scrm import clock

PAGING = {"cursor", "page_size"}


def refused(params: QueryDict, known: Collection[str], several: Collection[str] = ()) -> dict[str, list[str]]:
    """By name, why a parameter is not taken: nobody knows it, or it came twice."""
    unknown = {name: [_("This list has no such filter.")] for name in params if name not in {*known, *PAGING}}
    once = (name for name in params if name not in several)
    return {name: [_("Given more than once.")] for name in once if len(params.getlist(name)) > 1} | unknown


class Filters(filters.FilterSet):
    """A filter set that refuses what it does not know."""

    @property
    def errors(self) -> Any:
        found = self.form.errors
        several = [name for name, one in self.filters.items() if isinstance(one, filters.MultipleChoiceFilter)]
        for name, why in refused(self.data, self.filters, several).items():
            found.setdefault(name, ErrorList([ValidationError(word) for word in why]))
        return found

    def is_valid(self) -> bool:
        return self.is_bound and not self.errors


class TimeField(forms.Field):
    """An ISO 8601 instant with its zone, or a Shanghai day, which is its first (or as `until`, its last) instant."""

    def __init__(self, *, until: bool = False, **kwargs: Any) -> None:
        self.until = until
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> datetime | None:
        if not value:
            return None
        try:
            return self._instant(str(value))
        except (ValueError, OverflowError) as wrong:
            raise ValidationError(_("Neither a day (2026-01-31) nor an instant with its zone.")) from wrong

    def _instant(self, text: str) -> datetime:
        if day := parse_date(text):
            return clock.day_span(day)[self.until]
        instant = parse_datetime(text)
        if instant is None or instant.tzinfo is None:
            raise ValueError(text)
        clock.day_of(instant)  # an instant that our calendar cannot hold is not one
        return instant


class TimeFilter(filters.Filter):
    """Rows from (gte) or before (lt) a moment; a day given to `lt` counts in full."""

    field_class = TimeField

    def __init__(self, field_name: str, lookup_expr: str, **kwargs: Any) -> None:
        said = gettext_lazy("a day (2026-01-31), counted in full, or an instant with its zone")
        super().__init__(field_name, lookup_expr, until=lookup_expr == "lt", help_text=said, **kwargs)
