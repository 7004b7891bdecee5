import json
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from scrm import sealed
from scrm.wecom.models.corps import App, Corp
from scrm.wecom.models.letters import Letter

BODY = "wecom_outboundcall.body"
TRIES_KEPT = 20  # of one call; a call that only waits for its quota adds one each time


class OutboundCall(models.Model):
    """Something to ask of WeCom: written with its cause, committed before it is made, answered once."""

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        CALLING = "calling", _("being made")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        UNKNOWN = "unknown", _("no answer came; WeCom is asked what it did")
        EXPIRED = "expired", _("too late, not made")

    corp = models.ForeignKey(Corp, models.PROTECT, verbose_name=_("corp"))
    app = models.ForeignKey(App, models.PROTECT, verbose_name=_("app"), null=True)
    api = models.CharField(_("API"), max_length=64)
    key = models.CharField(_("key"), max_length=128, null=True, help_text=_("Two calls with one key are one call."))
    body = models.BinaryField(_("request"), editable=False)
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.PLANNED)
    attempts = models.SmallIntegerField(_("tries"), default=0)
    in_doubt = models.BooleanField(_("a try got no answer"), default=False)
    due_at = models.DateTimeField(_("due"))
    deadline = models.DateTimeField(_("not after"), null=True)
    called_at = models.DateTimeField(_("last tried"), null=True)
    errcode = models.IntegerField(_("code"), null=True)
    last_error = models.CharField(_("last error"), max_length=200, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True)
    result: Any = models.JSONField(_("answer"), null=True)
    # Each try with its time and its answer: {at, errcode, why, again_at}.
    tries: Any = models.JSONField(
        _("what each try brought"), default=list, db_default=models.Value([], models.JSONField())
    )
    told_at = models.DateTimeField(_("handed on"), null=True)
    tellings = models.SmallIntegerField(_("tries to hand on"), default=0)
    letter = models.ForeignKey(Letter, models.PROTECT, verbose_name=_("letter"), null=True, db_constraint=False)
    created_at = models.DateTimeField(_("planned at"))

    class Meta:
        verbose_name = _("outbound call")
        verbose_name_plural = _("outbound calls")
        constraints = [models.UniqueConstraint(fields=["corp", "key"], name="a_call_with_a_key_is_planned_once")]
        indexes = [
            # What is still to be made, looked up or taken over from a process that died.
            models.Index(
                fields=["due_at"], condition=Q(state__in=["planned", "calling", "unknown"]), name="calls_waiting"
            ),
            # Answers that their askers have not heard yet.
            models.Index(
                fields=["due_at"], condition=Q(answered_at__isnull=False, told_at=None), name="answers_to_hand_on"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.api} {self.pk}"

    def request(self) -> dict[str, Any]:
        """What is asked of WeCom."""
        said: dict[str, Any] = json.loads(sealed.open_sealed(bytes(self.body), BODY))
        return said


def seal_request(body: dict[str, Any]) -> bytes:
    """A request as OutboundCall.body holds it."""
    return sealed.seal(json.dumps(body, ensure_ascii=False).encode(), BODY)


def per_minute() -> int:
    return int(settings.WECOM_CALLS_PER_MINUTE)


def per_hour() -> int:
    return int(settings.WECOM_CALLS_PER_HOUR)


class Quota(models.Model):
    """How many calls of one API a corp may still make: a bucket for the minute, one for the hour, and WeCom's ban."""

    corp = models.ForeignKey(Corp, models.CASCADE, verbose_name=_("corp"))
    api = models.CharField(_("API"), max_length=64)
    minute_limit = models.IntegerField(_("per minute"), default=per_minute)
    hour_limit = models.IntegerField(_("per hour"), default=per_hour)
    minute_left = models.FloatField(_("left this minute"))
    hour_left = models.FloatField(_("left this hour"))
    refilled_at = models.DateTimeField(_("counted at"))
    blocked_until = models.DateTimeField(_("WeCom refuses until"), null=True)
    bans = models.SmallIntegerField(default=0, db_default=0, editable=False, help_text="45009s in a row.")

    class Meta:
        verbose_name = _("quota")
        verbose_name_plural = _("quotas")
        constraints = [models.UniqueConstraint(fields=["corp", "api"], name="a_corp_has_one_quota_per_api")]

    def __str__(self) -> str:
        return self.api
