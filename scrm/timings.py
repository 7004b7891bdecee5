"""How long requests take, counted for all processes of a machine in the files of PROMETHEUS_MULTIPROC_DIR.

Without that folder nothing is measured: the numbers of one process among several would be no numbers.
"""

import os
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

ARE_ON = bool(os.environ.get("PROMETHEUS_MULTIPROC_DIR"))
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
REQUESTS = Histogram(
    "zhanggui_request_seconds",
    "How long requests took, by page, method and class of status",
    ["page", "method", "status"],
    buckets=BUCKETS,
    registry=CollectorRegistry(),
)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def observe(page: str, method: str, status: int, seconds: float) -> None:
    """Counts one request; methods that nobody knows share one name, or callers could make as many as they like."""
    REQUESTS.labels(page, method if method in METHODS else "other", f"{status // 100}xx").observe(seconds)


def timed(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: measures each request under the name of its page."""

    def answer(request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = get_response(request)
        if ARE_ON:
            found = request.resolver_match
            page = (found.view_name or found.route) if found else "none"
            observe(page, request.method or "", response.status_code, time.perf_counter() - began)
        return response

    return answer


def collectors() -> list[Collector]:
    """What all processes of this machine have measured."""
    return [MultiProcessCollector(CollectorRegistry())] if ARE_ON else []  # type: ignore[no-untyped-call]
