"""API tokens: made, used, revoked; and whom one speaks for. DRF loads this before its views."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from scrm import clock
from scrm.audit import entries
from stores.models import ApiToken, Person

NOTED_EVERY = timedelta(hours=1)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Token …`; a leaver's token opens nothing, nor does one that nobody used for long."""

    def authenticate(self, request: Request) -> tuple[Person, ApiToken] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"token":
            return None
        text, now = words[1].decode("ascii", "replace") if len(words) == 2 else "", clock.now()
        found = ApiToken.objects.good(now).filter(digest=ApiToken.fingerprint(text), person__is_active=True)
        token = found.select_related("person").first()
        if token is None:
            raise AuthenticationFailed(_("The token is not valid."))
        used(token, at=now)
        return token.person, token

    def authenticate_header(self, request: Request) -> str:
        return "Token"


def make(person: Person, *, name: str, at: datetime) -> str:
    """A new token's plain text, which is shown this once."""
    entries.record("person.token_made", by=person, subject=person, at=at)
    return ApiToken.issue(person, at=at, name=name)


def used(token: ApiToken, *, at: datetime) -> None:
    """Notes that it was used, once an hour."""
    due = Q(last_used_at=None) | Q(last_used_at__lt=at - NOTED_EVERY)
    if token.last_used_at is None or at - token.last_used_at > NOTED_EVERY:
        ApiToken.objects.filter(due, pk=token.pk).update(last_used_at=at)


def of(person: Person, *, at: datetime) -> Any:
    """Her tokens that open something, the newest first."""
    return ApiToken.objects.good(at).filter(person=person).order_by("-made_at", "-pk")


def revoke(person: Person, mark: str, *, by: Any, at: datetime) -> int:
    """How many of her tokens with this mark (ApiToken.mark) ended."""
    n = 0
    if len(mark) == 16 and mark.isalnum():
        n, _each = ApiToken.objects.filter(person=person, digest__startswith=mark).delete()
    if n:
        entries.record("person.token_revoked", by=by, subject=person, at=at)
    return n


def forget_old(at: datetime) -> int:
    """How many tokens opened nothing any more and are gone now."""
    n, _each = ApiToken.objects.exclude(pk__in=ApiToken.objects.good(at).values("pk")).delete()
    return n
