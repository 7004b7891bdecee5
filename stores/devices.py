"""What a request tells of where it comes from: the address, the client, and whom this device has let in before."""

import ipaddress
import re
import secrets
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from scrm.sealed import digest
from stores import attempts

COOKIE = "device"
REMEMBERED_FOR = 180 * 86_400  # seconds
NAMES = 5  # that one device remembers
SALT = "stores.devices"
CLIENTS: tuple[tuple[str, str], ...] = (
    ("企业微信", r"wxwork"),
    ("微信", r"MicroMessenger"),
    ("Edge", r"Edg"),
    ("Firefox", r"Firefox"),
)
CLIENTS += (("Chrome", r"Chrome|CriOS"), ("Safari", r"Safari"))
SYSTEMS: tuple[tuple[str, str], ...] = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("HarmonyOS", r"HarmonyOS"),
    ("Android", r"Android"),
)
SYSTEMS += (("Windows", r"Windows"), ("macOS", r"Macintosh"), ("Linux", r"Linux"))


def address_of(request: Any) -> str:
    """The caller's address: as many of our own proxies from the right as there are, whatever stands left of it.

    Somebody with IPv6 has a whole /64 to herself, so that counts as one address.
    """
    said = request.META.get("HTTP_X_FORWARDED_FOR", "")
    proxies: Any = settings.REST_FRAMEWORK["NUM_PROXIES"]
    hops = [hop.strip() for hop in said.split(",")] if said and proxies else [request.META.get("REMOTE_ADDR", "")]
    found = hops[-min(proxies or 1, len(hops))]
    try:
        ip = ipaddress.ip_address(found)
    except ValueError:
        return found[:64]
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)


def name_of(request: HttpRequest) -> str:
    """The client and the system that a browser says it is, such as `企业微信 · iPhone`."""
    said = request.headers.get("User-Agent", "")[:500]
    return " · ".join(filter(None, (_first(said, CLIENTS), _first(said, SYSTEMS))))


def is_wecom(request: HttpRequest) -> bool:
    """Whether this is the browser inside WeCom's client."""
    return bool(re.search(r"wxwork", request.headers.get("User-Agent", ""), re.IGNORECASE))


def who(request: Any, name: str) -> attempts.Who:
    """A try of this name as attempts count it; a device counts for itself once the name was let in there."""
    known = _cookie(request)
    device = known["id"] if _mark(name) in known["names"] else ""
    return attempts.who(name, address=address_of(request), device=device)


def remember(request: HttpRequest, response: HttpResponse, name: str) -> HttpResponse:
    """From now on this device is known to have let the name in."""
    known = _cookie(request)
    names = [_mark(name), *(mark for mark in known["names"] if mark != _mark(name))][:NAMES]
    said = signing.dumps({"id": known["id"], "names": names}, salt=SALT)
    response.set_cookie(
        COOKIE, said, REMEMBERED_FOR, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )
    return response


def _cookie(request: Any) -> dict[str, Any]:
    try:
        found: dict[str, Any] = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=REMEMBERED_FOR)
    except signing.BadSignature:
        found = {"id": secrets.token_urlsafe(12), "names": []}
    return found


def _mark(name: str) -> str:
    return digest(attempts.plain(name), "device").hex()[:16]


def _first(said: str, table: Iterable[tuple[str, str]]) -> str:
    return next((word for word, mark in table if re.search(mark, said)), "")
