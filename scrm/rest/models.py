from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from scrm.sealed import SealedField


class KeptAnswer(models.Model):
    """What a write that carried an Idempotency-Key was answered; the same key hears it again for a day."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("person"), related_name="+")
    key = models.CharField(_("key"), max_length=200)
    asked = models.BinaryField(_("digest of method, path and body"), max_length=32)
    status = models.SmallIntegerField(_("status"))
    body = SealedField(_("answer"), null=True)
    kept_at = models.DateTimeField(_("kept at"))

    class Meta:
        verbose_name = _("kept answer")
        verbose_name_plural = _("kept answers")
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="a_key_is_answered_once")]
        indexes = [models.Index(fields=["kept_at"], name="kept_answers_by_age")]
