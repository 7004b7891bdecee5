from django.db import models
from django.utils.translation import gettext_lazy as _

from scrm.wecom.models.corps import Corp


class AlarmRecipient(models.Model):
    """Somebody in WeCom whom alarms reach by a message of our app."""

    corp = models.ForeignKey(Corp, models.CASCADE, verbose_name=_("corp"), related_name="alarm_recipients")
    userid = models.CharField(_("WeCom userid"), max_length=64, help_text=_("She must be in the app's visible range."))

    class Meta:
        verbose_name = _("recipient of alarms")
        verbose_name_plural = _("recipients of alarms")
        constraints = [models.UniqueConstraint(fields=["corp", "userid"], name="a_recipient_is_named_once")]

    def __str__(self) -> str:
        return self.userid
