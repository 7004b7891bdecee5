"""People, and the seats from which they look and act."""

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from scrm.ids import PublicId
from stores.access import Permission, Role, permissions_of
from stores.models.places import Franchisee, Region, Store
from stores.scope import ScopedQuerySet

__all__ = ["ApiToken", "Person", "Role", "Seat"]


class People(BaseUserManager.from_queryset(ScopedQuerySet)):  # type: ignore[misc]
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "Person":
        person = self.model(username=username, **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "Person":
        """A person with HQ's admin seat; `manage.py createsuperuser` makes the first one so."""
        from scrm import clock

        person = self.create_user(username, password, **fields)
        Seat.objects.create(person=person, role=Role.HQ_ADMIN, starts_at=clock.now())
        return person


class Person(AbstractBaseUser):
    """Somebody who signs in: what she may do comes from her seats alone."""

    store_path = "seats__store"

    public_id = PublicId("p_")
    username = models.CharField(_("sign-in name"), max_length=64, unique=True, validators=[UnicodeUsernameValidator()])
    name = models.CharField(_("name"), max_length=60)
    is_active = models.BooleanField(_("active"), default=True)
    access_epoch = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    shut_out_at = models.DateTimeField(
        _("shut out"), null=True, editable=False, help_text=_("When WeCom said that she left or was disabled.")
    )
    objects = People()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["username"]

    def __str__(self) -> str:
        return self.name or self.username

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A new password ends the sessions and API tokens that the old one opened."""
        is_new_password = self._password is not None  # type: ignore[attr-defined]
        super().save(*args, **kwargs)
        if is_new_password:
            self.tokens.all().delete()  # type: ignore[attr-defined]
            self.sessions.all().delete()  # type: ignore[attr-defined]

    def get_short_name(self) -> str:
        return self.name

    def _get_session_auth_hash(self, secret: Any = None) -> str:
        """What each request of a session compares: another password or a higher epoch ends it."""
        said = f"{self.password} {self.access_epoch}"
        return salted_hmac("stores.Person.sessions", said, secret=secret, algorithm="sha256").hexdigest()

    @cached_property
    def permissions(self) -> frozenset[Permission]:
        """What her seats let her do, read once a request."""
        return permissions_of(self)

    def may(self, permission: Permission) -> bool:
        return self.is_active and permission in self.permissions

    @property
    def is_staff(self) -> bool:
        return self.may(Permission.ENTER_ADMIN)

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        from stores.access import may_in_admin

        return self.is_active and may_in_admin(self, perm)

    def has_perms(self, perms: Any, obj: Any = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perms)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff


class SeatQuerySet(ScopedQuerySet):
    def at(self, instant: datetime) -> "SeatQuerySet":
        """The seats that hold at an instant."""
        return self.filter(Q(starts_at__lte=instant) & (Q(ends_at=None) | Q(ends_at__gt=instant)))


class Seat(models.Model):
    """A role at a place: the brand (no place), a region, a franchisee or a store."""

    store_path = "store"

    person = models.ForeignKey(Person, models.CASCADE, verbose_name=_("person"), related_name="seats")
    role = models.CharField(_("role"), max_length=20, choices=Role)
    region = models.ForeignKey(Region, models.CASCADE, verbose_name=_("region"), null=True, blank=True)
    franchisee = models.ForeignKey(Franchisee, models.CASCADE, verbose_name=_("franchisee"), null=True, blank=True)
    store = models.ForeignKey(
        Store, models.CASCADE, verbose_name=_("store"), null=True, blank=True, related_name="seats"
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    objects = SeatQuerySet.as_manager()

    class Meta:
        verbose_name = _("seat")
        verbose_name_plural = _("seats")
        constraints = [
            models.CheckConstraint(
                name="a_seat_stands_where_its_role_does",
                condition=(
                    Q(role__in=Role.at_brand(), region=None, franchisee=None, store=None)
                    | Q(role=Role.REGION_MANAGER, region__isnull=False, franchisee=None, store=None)
                    | Q(role=Role.FRANCHISE_OWNER, region=None, franchisee__isnull=False, store=None)
                    | Q(role__in=Role.at_store(), region=None, franchisee=None, store__isnull=False)
                ),
            ),
            models.UniqueConstraint(
                fields=["person", "role", "region", "franchisee", "store"],
                condition=Q(ends_at=None),
                nulls_distinct=False,
                name="an_open_seat_is_held_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.region or self.franchisee or self.store or ''}".strip()


class TokenQuerySet(ScopedQuerySet):
    def good(self, at: datetime) -> "TokenQuerySet":
        """Tokens that are neither too old nor unused for too long."""
        unused = Coalesce("last_used_at", "made_at")
        return self.alias(unused_since=unused).filter(
            made_at__gt=at - timedelta(days=settings.API_TOKEN_DAYS),
            unused_since__gt=at - timedelta(days=settings.API_TOKEN_DAYS_UNUSED),
        )


class ApiToken(models.Model):
    """A key to the API, of which only the fingerprint is kept."""

    store_path = None

    person = models.ForeignKey(Person, models.CASCADE, verbose_name=_("person"), related_name="tokens")
    name = models.CharField(_("name"), max_length=60, blank=True, db_default="")
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField(_("made"))
    last_used_at = models.DateTimeField(_("last used"), null=True)
    objects = TokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"{self.person} {self.made_at:%F}"

    @staticmethod
    def fingerprint(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    @property
    def mark(self) -> str:
        """What names it on a page; the token cannot be made from it."""
        return self.digest[:16]

    def expires_at(self) -> datetime:
        """When it ends if nobody uses it before."""
        unused = (self.last_used_at or self.made_at) + timedelta(days=settings.API_TOKEN_DAYS_UNUSED)
        return min(unused, self.made_at + timedelta(days=settings.API_TOKEN_DAYS))

    @classmethod
    def issue(cls, person: Person, *, at: datetime, name: str = "") -> str:
        """A new token's plain text, which is shown this once."""
        token = secrets.token_urlsafe(32)
        cls.objects.create(person=person, digest=cls.fingerprint(token), made_at=at, name=name)
        return token
