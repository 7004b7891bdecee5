"""Segments: whom a rule means, in which version; who is in one now, who entered and left; audiences that stay as they
were; and the sets of members (bitmaps) from which all of it is counted, which can be made again from the rows."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models.consents import Consent
from scrm.ids import PublicId
from stores.scope import ScopedQuerySet


class ExclusiveGroup(models.Model):
    """Segments of which a person is in one only: the first by priority whose rule means her."""

    store_path = None
    for_every_seat = True

    public_id = PublicId("xg_")
    name = models.CharField(_("name"), max_length=60, unique=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("exclusive group")
        verbose_name_plural = _("exclusive groups")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SegmentQuerySet(ScopedQuerySet):
    def live(self) -> "SegmentQuerySet":
        """Those that are kept up to date."""
        return self.filter(archived_at=None, version__isnull=False)


class Segment(models.Model):
    """A set of people that a rule describes and that is kept up to date."""

    store_path = None
    for_every_seat = True

    public_id = PublicId("seg_")
    name = models.CharField(_("name"), max_length=60)
    description = models.CharField(_("description"), max_length=200, blank=True)
    group = models.ForeignKey(
        ExclusiveGroup,
        models.PROTECT,
        verbose_name=_("exclusive group"),
        null=True,
        blank=True,
        related_name="segments",
    )
    priority = models.PositiveSmallIntegerField(
        _("priority"), default=100, help_text=_("In an exclusive group the smallest number comes first.")
    )
    version = models.OneToOneField(
        "members.SegmentVersion", models.PROTECT, verbose_name=_("version"), null=True, editable=False, related_name="+"
    )
    counted = models.OneToOneField(
        "members.SegmentVersion", models.PROTECT, verbose_name=_("version counted"), null=True, editable=False,
        related_name="+", help_text=_("Its snapshot is the present one; a newer version is counted within seconds."),
    )  # fmt: skip
    is_stale = models.BooleanField(
        default=False, editable=False, help_text=_("To be counted anew, since its place among others changed.")
    )
    size = models.IntegerField(_("people"), default=0, editable=False)
    counted_at = models.DateTimeField(_("counted at"), null=True, editable=False)
    made_at = models.DateTimeField(_("made"), editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, editable=False)
    objects = SegmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=Q(archived_at=None), name="a_living_segment_has_a_name_of_its_own"
            ),
            models.UniqueConstraint(
                fields=["group", "priority"],
                condition=Q(archived_at=None, group__isnull=False),
                name="a_priority_is_given_once_in_a_group",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_due(self) -> bool:
        """Whether its newest version waits to be counted."""
        return self.is_stale or self.counted_id != self.version_id  # type: ignore[attr-defined]


class SegmentVersion(models.Model):
    """A segment's rule as it was from one moment on; a changed rule is a new version."""

    append_only = True
    store_path = None
    for_every_seat = True

    segment = models.ForeignKey(Segment, models.PROTECT, verbose_name=_("segment"), related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    rule = models.JSONField(_("rule"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("made by"), null=True, related_name="+"
    )
    at = models.DateTimeField(_("made"))
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("version of a segment")
        verbose_name_plural = _("versions of segments")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["segment", "number"], name="versions_are_counted_once")]

    def __str__(self) -> str:
        return f"{self.segment} v{self.number}"


class Snapshot(models.Model):
    """Who is in a version of a segment, as a bitmap of one shard; that of an older version stays as it was last."""

    store_path = None

    version = models.ForeignKey(SegmentVersion, models.PROTECT, related_name="snapshots")
    shard = models.IntegerField()
    revision = models.BigIntegerField()
    size = models.IntegerField()
    body = models.BinaryField()
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("snapshot")
        verbose_name_plural = _("snapshots")
        constraints = [models.UniqueConstraint(fields=["version", "shard"], name="a_shard_of_a_snapshot_is_kept_once")]


class Change(models.Model):
    """Who entered a segment and who left it in one step: exactly what differs between two snapshots."""

    store_path = None

    class Cause(models.TextChoices):
        NEWS = "news", _("news of members")
        DAY = "day", _("a new day")
        RULE = "rule", _("a changed rule")
        BUILD = "build", _("counted anew")

    segment = models.ForeignKey(Segment, models.PROTECT, verbose_name=_("segment"), related_name="changes")
    version = models.ForeignKey(SegmentVersion, models.PROTECT, verbose_name=_("version"), related_name="+")
    at = models.DateTimeField(_("at"))
    day = models.DateField(_("day"))
    cause = models.CharField(_("cause"), max_length=6, choices=Cause)
    entered_count = models.IntegerField(_("entered"))
    left_count = models.IntegerField(_("left"))
    entered = models.BinaryField()
    left = models.BinaryField()
    objects = ScopedQuerySet.as_manager()

    class Meta:
        db_table = "members_segmentchange"
        verbose_name = _("change of a segment")
        verbose_name_plural = _("changes of segments")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["segment", "day"], name="changes_of_a_segment")]


class Audience(models.Model):
    """A segment's people as they were at one moment, those who allow a use of their data; erasure alone changes it."""

    store_path = None
    for_every_seat = True

    public_id = PublicId("au_")
    name = models.CharField(_("name"), max_length=80)
    segment = models.ForeignKey(Segment, models.PROTECT, verbose_name=_("segment"), related_name="audiences")
    version = models.ForeignKey(SegmentVersion, models.PROTECT, verbose_name=_("version"), related_name="+")
    purpose = models.CharField(_("purpose"), max_length=20, choices=Consent.Purpose)
    at = models.DateTimeField(_("frozen at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("frozen by"), null=True, related_name="+"
    )
    planned = models.IntegerField(_("in the segment"))
    size = models.IntegerField(_("people"))
    suppressed: Any = models.JSONField(_("left out, by reason"), default=dict)
    erased = models.IntegerField(_("erased since"), default=0)
    body = models.BinaryField()
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("audience")
        verbose_name_plural = _("audiences")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name


class Bitmap(models.Model):
    """The members of whom one thing is true, as a roaring bitmap of one shard."""

    store_path = None

    family = models.CharField(max_length=24)
    key = models.BigIntegerField()
    shard = models.IntegerField()
    revision = models.BigIntegerField()
    body = models.BinaryField()

    class Meta:
        verbose_name = _("set of members")
        verbose_name_plural = _("sets of members")
        constraints = [models.UniqueConstraint(fields=["family", "key", "shard"], name="a_set_is_kept_once")]


class Leaf(models.Model):
    """A question of rules whose answer is kept as sets of family `leaf`: as of a day, and asked for since."""

    store_path = None

    digest = models.BinaryField(max_length=32, unique=True)
    asked = models.JSONField()
    day = models.DateField()
    used_on = models.DateField()

    class Meta:
        verbose_name = _("question of rules")
        verbose_name_plural = _("questions of rules")


class Engine(models.Model):
    """How far the sets are: one row. Whoever changes sets locks this table first, so one process does at a time."""

    store_path = None

    built_at = models.DateTimeField(null=True)
    day = models.DateField(null=True)
    revision = models.BigIntegerField(default=0)
    folded_at = models.DateTimeField(null=True)
    epoch = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("state of the sets")
        verbose_name_plural = _("state of the sets")


class Changed(models.Model):
    """A member of whom something changed, as triggers of the database noted it; gone when the sets know it."""

    store_path = None

    what = models.CharField(max_length=12)
    key = models.BigIntegerField(null=True)
    member_id = models.BigIntegerField()

    class Meta:
        db_table = "members_change"
        verbose_name = _("change of a member")
        verbose_name_plural = _("changes of members")
