"""To which machines we speak: WeCom's API and the hosts that the settings name, nobody else."""

from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter

HERE = {"127.0.0.1", "localhost", "::1"}


class NotAllowed(requests.RequestException):
    """The host is not among those that the settings name (OUTBOUND_HOSTS)."""


class Fence(HTTPAdapter):
    """Sends to allowed hosts only; it sees each hop, so that a redirect leads nowhere else either."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: dict[str, str] | None = None,
    ) -> requests.Response:
        check(str(request.url))
        return super().send(request, stream, timeout, verify, cert, proxies)


def check(url: str) -> None:
    """Raises NotAllowed. Secrets leave this machine by https only."""
    if not settings.OUTBOUND_FENCED:
        return
    there = urlsplit(url)
    host = (there.hostname or "").lower()
    if not any(_names(one, host) for one in settings.OUTBOUND_HOSTS):
        raise NotAllowed("this host is not in OUTBOUND_HOSTS")
    if there.scheme != "https" and host not in HERE:
        raise NotAllowed("not https")


def _names(allowed: str, host: str) -> bool:
    return host == allowed or (allowed.startswith(".") and host.endswith(allowed))


def session() -> requests.Session:
    """A line to allowed hosts that reads no proxy and no .netrc of the machine."""
    line = requests.Session()
    line.trust_env = False
    for scheme in ("https://", "http://"):
        line.mount(scheme, Fence(max_retries=0))
    return line
