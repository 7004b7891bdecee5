"""How customers register: links and posters that lead to the page, what it asks, and its guards."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from members.models.people import Member
from scrm.ids import PublicId
from stores.models import Store
from stores.scope import ScopedQuerySet


class Invite(models.Model):
    """A link to the registration page: of a store, of a guide there, or of a guide for one customer."""

    store_path = "store"
    guide_path = "person"

    public_id = PublicId("j_")
    store = models.ForeignKey(Store, models.PROTECT, verbose_name=_("store"), null=True, related_name="+")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("guide"), null=True, related_name="+"
    )
    member = models.ForeignKey(Member, models.PROTECT, verbose_name=_("customer"), null=True, related_name="+")
    name = models.CharField(_("name"), max_length=60, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("made by"), null=True, related_name="+"
    )
    made_at = models.DateTimeField(_("made at"))
    expires_at = models.DateTimeField(_("until"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    used = models.IntegerField(_("registrations"), default=0)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("registration link")
        verbose_name_plural = _("registration links")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name or str(self.store or self.public_id)


class JoinForm(models.Model):
    """What the registration page asks beside the phone: of the brand, one row."""

    store_path = None
    for_every_seat = True

    intro = models.CharField(_("welcome"), max_length=200, blank=True)
    asks_name = models.BooleanField(_("asks for the name"), default=True)
    asks_birthday = models.BooleanField(_("asks for the birthday"), default=True)
    fields: Any = models.JSONField(_("custom fields"), default=list)
    changed_at = models.DateTimeField(_("changed"))
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("registration page")
        verbose_name_plural = _("registration pages")


class PhoneCode(models.Model):
    """A code sent to a phone, until it is typed or runs out; phone and code as keyed digests."""

    store_path = None

    phone = models.BinaryField(max_length=32, db_index=True)
    code = models.BinaryField(max_length=32)
    tries = models.SmallIntegerField(default=0)
    at = models.DateTimeField(_("sent at"))
    expires_at = models.DateTimeField(_("until"))
    used_at = models.DateTimeField(null=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("code for a phone")
        verbose_name_plural = _("codes for phones")


class Knock(models.Model):
    """That somebody knocked at the registration page: keyed digests of what is counted."""

    store_path = None

    what = models.CharField(max_length=20)
    who = models.BinaryField(max_length=32)
    at = models.DateTimeField()
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("knock at the registration page")
        verbose_name_plural = _("knocks at the registration page")
        indexes = [
            models.Index(fields=["who", "at"], name="knocks_of_one"),
            models.Index(fields=["at"], name="knocks_by_time"),
        ]
