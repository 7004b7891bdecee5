"""Who asked for what page, for the log: never what they searched for, which may be a customer's name or phone."""

from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware


class Journal(RequestMiddleware):
    """Writes the method and the path of each request, without its query."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {request.path}"
