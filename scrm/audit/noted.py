"""Desks that show no customer unnoticed."""

from typing import Any

from django.http import HttpRequest

from scrm import clock
from scrm.audit import entries


class Noted:
    """For a ModelAdmin: rows of a model that says `personal = True` are read with an entry in the audit book."""

    model: Any

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._noted(request, super().changelist_view(request, *args, **kwargs))  # type: ignore[misc]

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._noted(request, super().changeform_view(request, *args, **kwargs))  # type: ignore[misc]

    def history_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._noted(request, super().history_view(request, *args, **kwargs))  # type: ignore[misc]

    def _noted(self, request: HttpRequest, answer: Any) -> Any:
        shown = getattr(answer, "context_data", None) or {}
        if not getattr(self.model, "personal", False) or answer.status_code != 200:
            return answer
        if listed := shown.get("cl"):
            kind, found = self.model._meta.label_lower, len(listed.result_list)
            entries.record_read(request.user, kind, rows=found, filters=request.GET.dict(), at=clock.now())
        elif seen := shown.get("original") or shown.get("object"):
            entries.record_read(request.user, seen, at=clock.now())
        return answer
