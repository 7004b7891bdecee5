"""Signing in."""

from typing import Any

from django.contrib.auth.backends import ModelBackend

from stores.access import may_in_admin
from stores.tokens import Failures


class SeatBackend(ModelBackend):
    """Password sign-in; permissions come from seats, never from Django's own tables."""

    def authenticate(self, request: Any, username: Any = None, password: Any = None, **kwargs: Any) -> Any:
        """Who signs in; whoever has guessed too often, at whichever door, only hears that it was wrong."""
        failures = Failures()
        if request is not None and not failures.allows(request, username):
            return None
        person = super().authenticate(request, username, password, **kwargs)
        if request is not None and person is None:
            failures.count()
        return person

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
