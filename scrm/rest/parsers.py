"""Bodies as we read them: JSON, at most as large as the settings say, nested no deeper than people write."""

from io import BytesIO
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from scrm.rest.problems import TooLarge


class Json(JSONParser):
    """JSON with a limit on its size; what cannot be read is a 400, however it was broken."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise TooLarge
        try:
            return super().parse(BytesIO(body), media_type, {**(parser_context or {}), "encoding": "utf-8"})
        except RecursionError as deep:
            raise ParseError(_("The body is nested too deeply.")) from deep
