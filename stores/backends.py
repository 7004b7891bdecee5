"""Signing in."""

from typing import Any

from django.contrib.auth.backends import ModelBackend

from scrm import clock
from scrm.audit import entries
from stores import attempts, devices
from stores.access import may_in_admin
from stores.models import Person


class SeatBackend(ModelBackend):
    """Password sign-in; permissions come from seats, never from Django's own tables."""

    def authenticate(self, request: Any, username: Any = None, password: Any = None, **kwargs: Any) -> Any:
        """Whose name and password these are, at whichever door; raises MustWait, whoever is called so."""
        if request is None or not isinstance(username, str):
            return super().authenticate(request, username, password, **kwargs)
        now = clock.now()
        attempt = attempts.begin(devices.who(request, username), at=now)
        person = super().authenticate(request, username, password, **kwargs)
        if person is None:
            self._failed(username)
        else:
            attempts.succeeded(attempt)
        return person

    def _failed(self, username: str) -> None:
        """The book knows who was meant; a name that nobody bears is perhaps a password."""
        meant = Person.objects.filter(username=username).first()
        if meant:
            entries.record_failed_sign_in(meant, how="password", at=clock.now())

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return bool(user_obj.is_active) and may_in_admin(user_obj, perm)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return bool(user_obj.is_staff)
