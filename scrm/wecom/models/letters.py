from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from scrm import sealed
from scrm.wecom.models.corps import Corp, Receiver

BODY = "wecom_letter.body"
WELCOME_WINDOW = timedelta(seconds=18)  # WeCom's code lives 20 s; the last two belong to the network
SHARDS = 64


class Letters(models.QuerySet["Letter"]):
    def waiting(self) -> "Letters":
        return self.filter(state=Letter.State.WAITING)

    def parked(self) -> "Letters":
        return self.filter(state=Letter.State.PARKED)


class Letter(models.Model):
    """A callback, kept word for word: history, queue and proof at once."""

    personal = True  # it names the customer

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        APPLIED = "applied", _("applied")
        PARKED = "parked", _("parked: failed eight times or cannot be read")
        UNKNOWN = "unknown", _("unknown: kept for a later version")

    class Welcome(models.TextChoices):
        NONE = "none", _("carries no welcome")
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        ELSEWHERE = "elsewhere", _("the chat had begun, or another app greeted first")
        EXPIRED = "expired", _("too late: WeCom allows 20 seconds")
        FAILED = "failed", _("WeCom refused it")
        MISSING = "missing", _("no code came: the console has a welcome, the chat had begun, or the half add used it")
        NOTHING = "nothing", _("no welcome is set up for this code")

    # No foreign keys in the database: their checks would lock one row for all letters, on the way to each answer.
    receiver = models.ForeignKey(
        Receiver, models.PROTECT, verbose_name=_("receiver"), db_constraint=False, db_index=False
    )
    corp = models.ForeignKey(Corp, models.PROTECT, verbose_name=_("corp"), db_constraint=False, db_index=False)
    digest = models.BinaryField(_("digest"), max_length=32, editable=False)
    body = models.BinaryField(_("letter"), editable=False)
    stream = models.CharField(_("about"), max_length=128)
    shard = models.SmallIntegerField(_("shard"), editable=False)
    event = models.CharField(_("event"), max_length=64)
    change_type = models.CharField(_("change"), max_length=64, blank=True)
    happened_at = models.DateTimeField(_("happened"))
    received_at = models.DateTimeField(_("received"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    attempts = models.SmallIntegerField(_("tries"), default=0)
    due_at = models.DateTimeField(_("due"))
    last_error = models.CharField(_("last error"), max_length=200, blank=True)
    handled_at = models.DateTimeField(_("handled"), null=True)
    welcome = models.CharField(_("welcome"), max_length=9, choices=Welcome, default=Welcome.NONE)

    objects = Letters.as_manager()

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        constraints = [
            # The digest is made of the receiver and every byte of the letter.
            models.UniqueConstraint(fields=["digest"], name="a_letter_is_kept_once"),
            models.CheckConstraint(condition=Q(attempts__lte=8), name="a_letter_is_tried_eight_times_at_most"),
        ]
        indexes = [
            # The queue: workers read it in the order of arrival; handled letters cost it nothing.
            models.Index(
                fields=["id"], include=["shard", "due_at"], condition=Q(state="waiting"), name="letters_waiting"
            ),
            # The welcomes still to be said, most urgent first.
            models.Index(fields=["received_at"], condition=Q(welcome="waiting"), name="welcomes_waiting"),
            # What an admin has to look at.
            models.Index(fields=["-id"], condition=Q(state__in=["parked", "unknown"]), name="letters_set_aside"),
            # The trace of one customer, chat or person.
            models.Index(fields=["corp", "stream"], name="letters_of_a_stream"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.change_type} {self.pk}".replace("  ", " ")

    def xml(self) -> bytes:
        """The decrypted letter, word for word."""
        return sealed.open_sealed(bytes(self.body), BODY)

    def welcome_deadline(self) -> datetime:
        """The instant from which WeCom would refuse the welcome: by our clock, from the earlier of the two times."""
        return min(self.happened_at, self.received_at) + WELCOME_WINDOW

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding:
            raise TypeError("letters are written by inbox.keep")
        super().save(*args, **kwargs)


class Repeat(models.Model):
    """WeCom delivered a letter that we had stored already: our answer was slow, or lost on its way."""

    letter = models.ForeignKey(Letter, models.CASCADE, related_name="repeats", db_constraint=False)
    received_at = models.DateTimeField(_("received"))

    class Meta:
        verbose_name = _("repeated delivery")
        verbose_name_plural = _("repeated deliveries")

    def __str__(self) -> str:
        return f"{self.letter_id} {self.received_at}"
