"""What somebody has opened, and what somebody tried to open."""

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils.translation import gettext_lazy as _

from scrm.ids import PublicId
from stores.scope import ScopedQuerySet


class Session(AbstractBaseSession):
    """A browser's session; whoever is signed in in it sees and ends it on her account page."""

    store_path = None

    class Way(models.TextChoices):
        """How she proved who she is."""

        PASSWORD = "password", _("password")
        SECOND_FACTOR = "second_factor", _("password and code")
        WECOM = "wecom", _("WeCom")
        QR = "qr", _("WeCom QR code")

    public_id = PublicId("v_")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("person"), null=True, related_name="sessions"
    )
    way = models.CharField(_("signed in by"), max_length=16, choices=Way, blank=True)
    device = models.CharField(_("device"), max_length=80, blank=True)
    lasts_the_day = models.BooleanField(default=False)  # a guide in WeCom does not sign in after each customer
    began_at = models.DateTimeField(_("since"))
    seen_at = models.DateTimeField(_("last seen"))
    objects = ScopedQuerySet.as_manager()  # type: ignore[assignment, misc]

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")


class Attempt(models.Model):
    """A try to sign in that did not succeed: who and where are keyed fingerprints, and it is kept for a day."""

    store_path = None

    name = models.BinaryField()  # of what was typed, whether or not anybody is called so
    place = models.BinaryField()  # the address, or a device on which she has signed in before
    address = models.BinaryField()
    at = models.DateTimeField()
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("failed sign-in")
        verbose_name_plural = _("failed sign-ins")
        indexes = [
            models.Index(fields=["name", "at"], name="attempts_for_a_name"),
            models.Index(fields=["address", "at"], name="attempts_at_an_address"),
            models.Index(fields=["at"], name="attempts_by_age"),
        ]
