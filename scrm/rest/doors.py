"""What all lists of the API share: who may read, who may write, that every list starts at `visible_to`, and that
whoever reads a customer's data stands in the audit book."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from scrm import clock
from scrm.audit import entries

ID = "[a-z0-9_]{1,24}"


class SeatAllows(BasePermission):
    """A person whose seats carry the view's `reads` (or `writes`) permission."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Where she may do so is `get_queryset`'s question: another seat of hers may carry less."""
        if not request.user.is_authenticated:
            return False
        if request.method != "OPTIONS" and getattr(view, "action", "") is None:
            return True  # no such method here: 405 for everybody, whatever she may do elsewhere
        return view.needed is not None and request.user.may(view.needed)


class Door(GenericViewSet):
    """A list by public ids. A stranger's row and one that never was are the same 404. `says` is for the reference."""

    permission_classes = [SeatAllows]
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = ID
    reads: Any = None
    writes: Any = None
    says: Any = ""

    found: Any = None

    @property
    def needed(self) -> Any:
        """The permission that the present method asks for."""
        return self.reads if self.request.method in SAFE_METHODS else self.writes

    def get_queryset(self) -> Any:
        rows: Any = super().get_queryset()
        return rows.visible_to(self.request.user, needs=self.needed or "")

    def get_object(self) -> Any:
        self.found = super().get_object()
        return self.found

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Response:
        """Rows of models that say `personal = True` are not read unnoticed."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        if self.shows_customers and answer.status_code == 200 and request.method == "GET":
            self._note(request, answer)
        return answer

    @property
    def shows_customers(self) -> bool:
        rows: Any = self.queryset  # type: ignore[arg-type]
        return rows is not None and getattr(rows.model, "personal", False)

    def _note(self, request: Any, answer: Response) -> None:
        said: Any = {"at": clock.now(), "door": "api"}
        if self.found is not None:
            entries.record_read(request.user, self.found, **said)
            return
        rows = len(answer.data["results"]) if isinstance(answer.data, dict) and "results" in answer.data else None
        kind = self.queryset.model._meta.label_lower  # type: ignore[arg-type, union-attr]
        filters = {name: value for name, value in request.query_params.items() if name != "cursor"}
        entries.record_read(request.user, kind, rows=rows, filters=filters, **said)
