"""Who asked for what page: for the log, and for the audit book. Never what they searched for, which may be a name."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django_structlog.middlewares import RequestMiddleware
from rest_framework.throttling import BaseThrottle

from scrm import clock
from scrm.audit import entries, visits

SIGNED = re.compile(r"^(/(?:join|my)/)[^/]+")  # customers' links, which open a page by themselves
REQUEST_ID = re.compile(r"[0-9A-Za-z_.-]{8,64}")


class Journal(RequestMiddleware):
    """Writes the method and the path of each request, without its query, under an id that the answer tells as well.

    A proxy may bring the id along (X-Request-Id); what does not look like one is replaced.
    """

    def prepare(self, request: HttpRequest) -> None:
        for name in ("HTTP_X_REQUEST_ID", "HTTP_X_CORRELATION_ID"):
            if not REQUEST_ID.fullmatch(request.META.get(name, "")):
                request.META.pop(name, None)
        super().prepare(request)
        request.request_id = visits.request_id()  # type: ignore[attr-defined]

    def handle_response(self, request: HttpRequest, response: HttpResponse) -> None:
        response["X-Request-Id"] = getattr(request, "request_id", "")
        super().handle_response(request, response)

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} " + SIGNED.sub(r"\1…", request.path)


def visited(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: the audit book learns the caller's address, and each refusal of somebody who is signed in."""

    def answer(request: HttpRequest) -> HttpResponse:
        with visits.from_address(address_of(request)):
            response = get_response(request)
            person = getattr(request, "user", None)
            if response.status_code == 403 and getattr(person, "is_authenticated", False):
                entries.record_refusal(person, page=_page(request), method=request.method or "", at=clock.now())
            return response

    return answer


def address_of(request: HttpRequest) -> str:
    """The caller's address; only proxies of ours, counted by TRUSTED_PROXIES, may say that it is another's."""
    return str(BaseThrottle().get_ident(request) or "")  # type: ignore[arg-type]


def _page(request: HttpRequest) -> str:
    """The name of the page, or its route: never its address, which may carry an id of a customer."""
    found = request.resolver_match
    return (found.view_name or found.route) if found else ""
