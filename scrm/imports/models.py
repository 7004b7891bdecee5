"""A file that somebody wants to bring in, and its rows."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from scrm.ids import PublicId
from scrm.sealed import SealedField
from stores.scope import ScopedQuerySet


class Import(models.Model):
    """One uploaded file: read, looked at, and done as a whole or not at all."""

    store_path = None  # HQ alone imports

    class State(models.TextChoices):
        PREVIEWING = "previewing", _("being read")
        PREVIEWED = "previewed", _("to be looked at")
        APPLYING = "applying", _("being brought in")
        APPLIED = "applied", _("brought in")
        FAILED = "failed", _("failed")
        DISCARDED = "discarded", _("discarded")

    public_id = PublicId("i_")
    kind = models.CharField(_("kind"), max_length=20)
    file_name = models.CharField(_("file"), max_length=120)
    digest = models.BinaryField(max_length=32)
    size = models.IntegerField(_("size"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("uploaded by"), related_name="+")
    at = models.DateTimeField(_("uploaded at"))
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.PREVIEWING)
    # What people chose on the preview, such as to make the regions that are missing.
    options: Any = models.JSONField(default=dict)
    # What was found in the file: columns, the sheet, what was left unread.
    found: Any = models.JSONField(default=dict)
    # How many rows came to what.
    counts: Any = models.JSONField(default=dict)
    # Names that the file uses and nobody knows, by what they are names of.
    missing: Any = models.JSONField(default=dict)
    problem: Any = models.JSONField(default=dict)
    tries = models.IntegerField(default=0)
    previewed_at = models.DateTimeField(_("read at"), null=True)
    applied_at = models.DateTimeField(_("brought in at"), null=True)
    forgotten_at = models.DateTimeField(_("rows forgotten at"), null=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-id"]
        indexes = [
            # The lane asks only for what waits for it.
            models.Index(fields=["id"], condition=Q(state__in=["previewing", "applying"]), name="imports_to_work_on")
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_at_work(self) -> bool:
        return self.state in (self.State.PREVIEWING, self.State.APPLYING)


class ImportFile(models.Model):
    """The bytes of an upload, sealed, until they are read into rows."""

    store_path = None

    upload = models.OneToOneField(Import, models.CASCADE, related_name="file")
    content = models.BinaryField()
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("uploaded file")
        verbose_name_plural = _("uploaded files")


class ImportRow(models.Model):
    """One line of a file and its answer. Texts and answers are sealed, since they hold names and phones."""

    store_path = None

    class Outcome(models.TextChoices):
        CREATED = "created", _("new")
        UPDATED = "updated", pgettext_lazy("outcome", "changed")
        UNCHANGED = "unchanged", _("unchanged")
        REJECTED = "rejected", _("rejected")

    upload = models.ForeignKey(Import, models.CASCADE, related_name="rows")
    number = models.IntegerField(_("line"))
    cells: Any = SealedField(null=True)
    # What is wrong with the line by itself, or with it beside other lines of the file.
    faults: Any = models.JSONField(default=list)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, blank=True)
    said: Any = SealedField(null=True)
    thing = models.CharField(_("thing"), max_length=24, blank=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("line of an import")
        verbose_name_plural = _("lines of imports")
        constraints = [models.UniqueConstraint(fields=["upload", "number"], name="a_line_is_kept_once")]
        indexes = [models.Index(fields=["upload", "outcome", "number"], name="lines_by_outcome")]
