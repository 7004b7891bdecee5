"""Lists come in pages; the cursor of the next one is sealed, so it tells nobody how many rows there are."""

import base64
import binascii
from typing import Any
from urllib.parse import parse_qs, urlencode

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from scrm import sealed


class Pages(CursorPagination):
    """50 rows a page or `page_size`, at most 1,000; newest first unless the view names its `ordering` (unique)."""

    page_size = 50
    max_page_size = 1000
    page_size_query_param = "page_size"
    ordering = "-pk"
    request: Request

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        return (getattr(view, "ordering", "-pk"),)

    def get_page_size(self, request: Request) -> int:
        asked = request.query_params.get("page_size", str(Pages.page_size))
        if not (asked.isascii() and asked.isdigit() and len(asked) < 6 and 1 <= int(asked) <= self.max_page_size):
            raise ValidationError({"page_size": [_("A whole number from 1 to 1,000.")]})
        return int(asked)

    def decode_cursor(self, request: Request) -> Cursor | None:
        text = request.query_params.get("cursor")
        if text is None:
            return None
        try:
            packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            said = parse_qs(sealed.open_sealed(packed, _place(request)).decode())
        except (sealed.CannotOpen, binascii.Error, ValueError) as broken:
            raise ValidationError({"cursor": [_("Not a cursor of this list.")]}) from broken
        position: Any = said.get("p", [None])[0]
        return Cursor(offset=int(said["o"][0]), reverse=said["r"] == ["1"], position=position)

    def encode_cursor(self, cursor: Cursor) -> str:
        said = {"o": cursor.offset or 0, "r": int(cursor.reverse)}
        if cursor.position is not None:
            said["p"] = cursor.position
        packed = sealed.seal(urlencode(said).encode(), _place(self.request))
        text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
        return str(replace_query_param(str(self.base_url), "cursor", text))


def _place(request: Request) -> str:
    return f"cursor {request.path}"
