from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from scrm.audit import kinds


class Entry(models.Model):
    """One thing that somebody did; never changed, never deleted but by whole months (`months`)."""

    append_only = True

    at = models.DateTimeField(_("at"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("who"),
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    system = models.CharField(_("part of the system"), max_length=32, db_default="")
    verb = models.CharField(_("did"), max_length=64)
    kind = models.CharField(_("kind of thing"), max_length=64)
    subject_id = models.CharField(_("thing"), max_length=64)
    customer = models.CharField(_("customer"), max_length=24, db_default="")
    store = models.CharField(_("store"), max_length=24, db_default="")
    rows = models.PositiveIntegerField(_("rows"), null=True)
    address = models.GenericIPAddressField(_("address"), null=True)
    request_id = models.CharField(_("request id"), max_length=64, db_default="")
    detail = models.JSONField(_("detail"), default=dict)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ["-at", "-id"]
        # The table is partitioned by month of `at`: every index leads to the newest first, month by month.
        indexes = [
            models.Index(fields=["at", "id"], name="audit_by_time"),
            models.Index(fields=["actor", "at"], condition=~Q(actor=None), name="audit_by_person"),
            models.Index(fields=["verb", "at"], name="audit_by_verb"),
            models.Index(fields=["kind", "subject_id", "at"], name="audit_of_a_thing"),
            models.Index(fields=["customer", "at"], condition=~Q(customer=""), name="audit_of_a_customer"),
            models.Index(fields=["store", "at"], condition=~Q(store=""), name="audit_of_a_store"),
            models.Index(fields=["address", "at"], condition=~Q(address=None), name="audit_by_address"),
        ]

    def __str__(self) -> str:
        return kinds.sentence(self.verb)


class Seal(models.Model):
    """The head of the book's chain after one day: a keyed digest over that day's entries and the day before."""

    append_only = True

    day = models.DateField(_("day"), unique=True)
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    entries = models.BigIntegerField(_("entries"))
    head = models.BinaryField(_("head of the chain"), max_length=32)
    sealed_at = models.DateTimeField(_("sealed"))

    class Meta:
        verbose_name = _("seal of a day")
        verbose_name_plural = _("seals of days")
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day} {bytes(self.head).hex()}"


class Leaves(models.Model):
    """Short digests of up to a thousand entries of a sealed day, by which a changed one is found."""

    append_only = True

    day = models.DateField()
    number = models.IntegerField()
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    leaves = models.BinaryField(help_text="28 bytes an entry: id, day since 2000, 16 of its SHA-256.")

    class Meta:
        verbose_name = _("digests of entries")
        verbose_name_plural = _("digests of entries")
        constraints = [models.UniqueConstraint(fields=["day", "number"], name="a_block_of_a_day_is_sealed_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.number}"


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
                condition=Q(cleared_at=None),
                name="an_open_alarm_is_raised_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class Heartbeat(models.Model):
    """When something that should run for ever, or every night, was last seen: one row for its name and machine."""

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
