"""How the house is: for load balancers, for whoever watches, and WeCom's proof of the domain."""

import hmac
import ipaddress
from datetime import datetime
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from scrm import clock, footing, timings
from scrm.gauges import Gauges, oldest_waiting
from scrm.wecom.models import DomainProof, Letter

PROXIES_SAY = {"HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA"}


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while this process lives; asks nobody."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 while database and schema are usable. A broker that is down delays little, so it is only said."""
    said = {"ready": False, "database": "down", "schema": "unknown", "broker": broker_state()}
    try:
        missing = unapplied()
        said |= {"database": "up", "schema": f"{len(missing)} migrations to apply" if missing else "up"}
        if not missing and footing.stands():
            said |= {"ready": True, **inbox(clock.now())}
    except footing.Unsafe:
        said |= {"database": "unsafe: the log says why"}
    except DatabaseError:
        connection.close()
    return JsonResponse(said, status=200 if said["ready"] else 503, headers={"Cache-Control": "no-store"})


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text; every number is read from the database now, but for the durations of requests."""
    if not may_read(request):
        raise PermissionDenied
    registry = CollectorRegistry()
    for one in (Gauges(clock.now()), *timings.collectors()):
        registry.register(one)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def may_read(request: HttpRequest) -> bool:
    """Whether the caller shows METRICS_TOKEN; without one, whether he is on a private network and came by no proxy."""
    if settings.METRICS_TOKEN:
        shown = request.headers.get("Authorization", "").encode()
        return hmac.compare_digest(shown, f"Bearer {settings.METRICS_TOKEN}".encode())
    if not settings.PRODUCTION:
        return True
    came_from = request.META.get("REMOTE_ADDR") or ""
    return not PROXIES_SAY & request.META.keys() and _is_private(came_from)


def _is_private(address: str) -> bool:
    """A socket of this machine has no address."""
    try:
        return not address or ipaddress.ip_address(address).is_private
    except ValueError:
        return False


@require_safe
def wecom_proof(request: HttpRequest, code: str) -> HttpResponse:
    """WeCom fetches this file to see that the domain is ours."""
    if code not in settings.WECOM_VERIFY_FILES and not DomainProof.objects.filter(code=code).exists():
        raise Http404
    return HttpResponse(code, content_type="text/plain")


def inbox(at: datetime) -> dict[str, Any]:
    """How many letters wait, and for how long the oldest has."""
    return {"inbox_depth": Letter.objects.waiting().count(), "oldest_waiting_seconds": oldest_waiting(at)}


@lru_cache(maxsize=1)
def _migrations() -> frozenset[tuple[str, str]]:
    """Every migration that this code brings, by app and name."""
    return frozenset(MigrationLoader(None).graph.nodes)


def unapplied() -> frozenset[tuple[str, str]]:
    """The migrations that this code brings and the database has not seen."""
    return _migrations() - set(MigrationRecorder(connection).applied_migrations())


def broker_state() -> str:
    """`up`, `down`, or `none` where there is none to ask."""
    if not settings.BROKER_URL.startswith(("redis", "unix")):
        return "none"
    url = settings.BROKER_URL.replace("redis+socket://", "unix://", 1)  # Celery's word for a socket, and redis-py's
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1) as broker:
            broker.ping()
    except (redis.RedisError, OSError):
        return "down"
    return "up"
