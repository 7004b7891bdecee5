"""What all lists of the API share: who may read, who may write, and that every list starts at `visible_to`."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

ID = "[a-z0-9_]{1,24}"


class SeatAllows(BasePermission):
    """A person whose seats carry the view's `reads` (or `writes`) permission."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        if request.method != "OPTIONS" and getattr(view, "action", "") is None:
            return True  # no such method here: 405 for everybody, whatever she may do elsewhere
        needed = view.reads if request.method in SAFE_METHODS else view.writes
        return needed is not None and request.user.may(needed)


class Door(GenericViewSet):
    """A list by public ids. A stranger's row and one that never was are the same 404. `says` is for the reference."""

    permission_classes = [SeatAllows]
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = ID
    reads: Any = None
    writes: Any = None
    says: Any = ""

    def get_queryset(self) -> Any:
        rows: Any = super().get_queryset()
        return rows.visible_to(self.request.user)
