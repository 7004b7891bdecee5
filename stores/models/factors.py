"""The second factor of those who sign in with a password."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from scrm.sealed import SealedField
from stores.scope import ScopedQuerySet


class SecondFactor(models.Model):
    """An authenticator app; it counts once a first code of it was right."""

    store_path = None

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("person"), related_name="second_factor"
    )
    secret = SealedField(_("secret"), editable=False)
    made_at = models.DateTimeField(_("made"))
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    last_step = models.BigIntegerField(default=0)  # of 30 seconds; a code of this step or before was used already
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("second factor")
        verbose_name_plural = _("second factors")


class RecoveryCode(models.Model):
    """A code that stands in for the authenticator app once; only its fingerprint is kept."""

    store_path = None

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("person"), related_name="recovery_codes"
    )
    digest = models.BinaryField()
    used_at = models.DateTimeField(_("used"), null=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("recovery code")
        verbose_name_plural = _("recovery codes")
        constraints = [models.UniqueConstraint(fields=["person", "digest"], name="a_recovery_code_is_given_once")]
