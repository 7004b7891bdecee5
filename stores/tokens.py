"""Who a token speaks for, and how often somebody may guess a password. DRF loads this before its views."""

import hashlib
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from stores.models import ApiToken, Person


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Token …`; a leaver's token opens nothing."""

    def authenticate(self, request: Request) -> tuple[Person, ApiToken] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"token":
            return None
        text = words[1].decode("ascii", "replace") if len(words) == 2 else ""
        found = ApiToken.objects.filter(digest=ApiToken.fingerprint(text), person__is_active=True)
        token = found.select_related("person").first()
        if token is None:
            raise AuthenticationFailed(_("The token is not valid."))
        return token.person, token

    def authenticate_header(self, request: Request) -> str:
        return "Token"


class Failures(SimpleRateThrottle):
    """Counts the sign-ins that failed, from one address and for one name; those that succeed cost nothing."""

    scope = "token"
    num_requests: int
    duration: int

    def allow_request(self, request: Request, view: Any) -> bool:
        return self.allows(request, request.data.get("username") if isinstance(request.data, dict) else None)

    def allows(self, request: Any, name: Any) -> bool:
        """Whether somebody at this address may try a password for this name now."""
        self.now = self.timer()
        self.keys = self._keys(request, name)
        return all(len(self._recent(key)) < self.num_requests for key in self.keys)

    def count(self) -> None:
        """One more failure."""
        for key in self.keys:
            self.cache.set(key, [self.now, *self._recent(key)], self.duration)

    def wait(self) -> float:
        return max(self.duration - (self.now - min(recent)) for key in self.keys if (recent := self._recent(key)))

    def _recent(self, key: str) -> list[float]:
        return [then for then in self.cache.get(key, []) if then > self.now - self.duration]

    def _keys(self, request: Any, name: Any) -> list[str]:
        marks = [f"address {self.get_ident(request)}", f"name {str(name).strip().casefold()}"]
        return [f"token-failures:{hashlib.sha256(mark.encode('utf-8', 'replace')).hexdigest()}" for mark in marks]
