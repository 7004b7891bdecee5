from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Entry(models.Model):
    """One thing that somebody did; never changed, never deleted."""

    append_only = True

    at = models.DateTimeField(_("at"), db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("who"),
        null=True,
        related_name="+",
        db_constraint=False,
    )
    verb = models.CharField(_("did"), max_length=64)
    kind = models.CharField(_("kind of thing"), max_length=64)
    subject_id = models.CharField(_("thing"), max_length=64)
    detail = models.JSONField(_("detail"), default=dict)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [models.Index(fields=["kind", "subject_id"], name="audit_of_a_thing")]
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.verb} {self.kind} {self.subject_id}"


class Alarm(models.Model):
    """Something that needs a person: raised once, counted, cleared by hand or when it ends."""

    kind = models.CharField(_("kind"), max_length=64)
    subject = models.CharField(_("about"), max_length=200)
    detail: Any = models.JSONField(_("detail"), default=dict)
    count = models.IntegerField(_("times"), default=1)
    first_at = models.DateTimeField(_("first seen"))
    last_at = models.DateTimeField(_("last seen"))
    cleared_at = models.DateTimeField(_("cleared"), null=True, blank=True)
    told_at = models.DateTimeField(_("people told"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        ordering = ["-last_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=models.Q(cleared_at=None),
                name="an_open_alarm_is_raised_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class Heartbeat(models.Model):
    """When something that should run for ever, or every night, was last seen at it: one row for its name and machine."""

    name = models.CharField(_("what"), max_length=32)
    host = models.CharField(_("machine"), max_length=64)
    since = models.DateTimeField(_("runs since"))
    at = models.DateTimeField(_("last seen"))
    detail: Any = models.JSONField(_("detail"), default=dict)

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")
        constraints = [models.UniqueConstraint(fields=["name", "host"], name="a_heart_beats_once_on_a_machine")]

    def __str__(self) -> str:
        return f"{self.name} {self.host}"


class Purge(models.Model):
    """How far a rule of what is kept how long has come, and how much it has removed."""

    rule = models.CharField(_("rule"), max_length=32, unique=True)
    cursor = models.BigIntegerField(_("done up to"), default=0)
    removed = models.BigIntegerField(_("removed in all"), default=0)
    last_removed = models.BigIntegerField(_("removed last time"), default=0)
    ran_at = models.DateTimeField(_("last run"), null=True)

    class Meta:
        verbose_name = _("purge")
        verbose_name_plural = _("purges")

    def __str__(self) -> str:
        return self.rule
