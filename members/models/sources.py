"""Where data about customers comes from: the sources, what each delivered, and what a source pushed word for word."""

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from scrm.ids import PublicId
from scrm.sealed import SealedField
from stores.scope import ScopedQuerySet

CODE = r"[\w.:-]{1,40}"  # no slash and no space: it stands in addresses
A_CODE = RegexValidator(rf"\A{CODE}\Z", _("1 to 40 letters, digits or . : _ - without spaces."))


class Source(models.Model):
    """A system that tells us of customers: a till, a shop on the web, WeCom, a file that somebody brings."""

    store_path = None  # the whole brand's

    class Kind(models.TextChoices):
        API = "api", _("rows through the API")
        ADAPTER = "adapter", _("pushes in its own words")
        FILE = "file", _("files")
        WECOM = "wecom", _("WeCom")

    class State(models.TextChoices):
        LIVE = "live", pgettext_lazy("source", "live")
        PAUSED = "paused", pgettext_lazy("source", "paused")

    public_id = PublicId("so_")
    code = models.CharField(
        _("code"), max_length=40, unique=True, validators=[A_CODE], help_text=_("As its rows name it, such as pos.")
    )
    name = models.CharField(_("name"), max_length=60)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.API)
    adapter = models.CharField(
        _("adapter"), max_length=30, blank=True, help_text=_("Which system's words a push or a file is written in.")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("responsible"),
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Who is asked when it falls silent."),
    )
    fields: Any = models.JSONField(
        _("field map"), default=dict, blank=True, help_text=_("Our fields and how the source calls each.")
    )
    options: Any = models.JSONField(
        _("options"), default=dict, blank=True, help_text=_("What its rows do not say themselves, such as the app.")
    )
    expected_every = models.DurationField(
        _("delivers at least every"), null=True, blank=True, help_text=_("Longer silence raises an alarm.")
    )
    error_percent = models.PositiveSmallIntegerField(
        _("refused rows that need somebody, in percent"),
        default=5,
        db_default=5,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    state = models.CharField(_("state"), max_length=6, choices=State, default=State.LIVE)
    secret: Any = SealedField(null=True, editable=False)
    created_at = models.DateTimeField(_("known since"))
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("data source")
        verbose_name_plural = _("data sources")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name or self.code

    @property
    def is_live(self) -> bool:
        return self.state == self.State.LIVE


class Delivery(models.Model):
    """What a source told at one time, and what became of each row; no row is left without an answer."""

    store_path = None

    class Kind(models.TextChoices):
        ORDERS = "orders", pgettext_lazy("delivery", "orders")
        EVENTS = "events", pgettext_lazy("delivery", "events")
        PRODUCTS = "products", pgettext_lazy("delivery", "products")
        MEMBERS = "members", pgettext_lazy("delivery", "customers")

    class Door(models.TextChoices):
        API = "api", _("API")
        PUSH = "push", _("push")
        FILE = "file", _("file")

    source = models.ForeignKey(Source, models.PROTECT, verbose_name=_("source"), related_name="deliveries")
    kind = models.CharField(_("what"), max_length=10, choices=Kind)
    door = models.CharField(_("door"), max_length=5, choices=Door, default=Door.API)
    at = models.DateTimeField(_("at"))
    rows = models.PositiveIntegerField(_("rows"))
    created = models.PositiveIntegerField(_("new"), default=0)
    updated = models.PositiveIntegerField(_("changed"), default=0)
    unchanged = models.PositiveIntegerField(_("as before"), default=0)
    rejected = models.PositiveIntegerField(_("refused"), default=0)
    reasons: Any = models.JSONField(_("why rows were refused"), default=dict)
    examples: Any = models.JSONField(_("refused rows, masked"), default=list)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("by"), null=True, related_name="+")
    note = models.CharField(_("note"), max_length=120, blank=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(rows=F("created") + F("updated") + F("unchanged") + F("rejected")),
                name="a_delivery_answers_every_row",
            )
        ]
        indexes = [
            models.Index(fields=["source", "at"], name="deliveries_of_a_source"),
            models.Index(fields=["at"], name="deliveries_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.kind} {self.at:%Y-%m-%d %H:%M}"


class Push(models.Model):
    """What a source pushed, or somebody uploaded for it, kept word for word before anything is made of it.

    The row is the queue: it waits, is applied, or is parked where people see it; never dropped.
    """

    store_path = None

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        APPLIED = "applied", _("applied")
        PARKED = "parked", _("parked")

    source = models.ForeignKey(Source, models.PROTECT, verbose_name=_("source"), related_name="pushes")
    door = models.CharField(
        _("door"), max_length=5, choices=Delivery.Door, default=Delivery.Door.PUSH, db_default="push"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("by"), null=True, related_name="+")
    note = models.CharField(_("note"), max_length=120, blank=True, db_default="")
    digest = models.BinaryField(max_length=32)
    body = models.BinaryField(help_text="Sealed; empty once it is no longer kept.")
    received_at = models.DateTimeField(_("received"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    due_at = models.DateTimeField(_("due"))
    handled_at = models.DateTimeField(_("handled"), null=True)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    last_error = models.CharField(_("last error"), max_length=200, blank=True)
    delivery = models.ForeignKey(Delivery, models.SET_NULL, verbose_name=_("delivery"), null=True, related_name="+")
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("push")
        verbose_name_plural = _("pushes")
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["source", "digest"], name="the_same_push_is_kept_once")]
        indexes = [
            # The lane asks for what is due.
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="pushes_to_apply"),
            models.Index(fields=["source", "state"], condition=~Q(state="applied"), name="pushes_not_applied"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.received_at:%Y-%m-%d %H:%M:%S}"
