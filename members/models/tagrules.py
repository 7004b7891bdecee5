"""What puts a tag on by itself, and whether it is right: rules with their score, and samples that people check."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from members.models.people import Member
from members.models.tags import Tag
from scrm.ids import PublicId
from stores.models import Person
from stores.scope import ScopedQuerySet


class TagRule(models.Model):
    """How the score of a tag comes about: clauses with points for each order or event, halved every so many days."""

    store_path = None
    for_every_seat = True

    tag = models.OneToOneField(Tag, models.CASCADE, verbose_name=_("tag"), related_name="rule")
    # [{"of": "order" | "event", "points": 1–100, "kind"?, "category"?, "sku"?, "channel"?, "at_least_fen"?, "days"?}]
    clauses: Any = models.JSONField(_("what counts"), default=list)
    half_life = models.SmallIntegerField(
        _("half-life in days"), null=True, blank=True, help_text=_("Empty: nothing fades.")
    )
    threshold = models.SmallIntegerField(_("worn from this score on"), default=50)
    is_active = models.BooleanField(_("active"), default=True)
    version = models.IntegerField(_("version"), default=1)
    by = models.ForeignKey(Person, models.PROTECT, verbose_name=_("by"), null=True, related_name="+")
    at = models.DateTimeField(_("since"))
    scored_on = models.DateField(_("all scores are of"), null=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("rule of a tag")
        verbose_name_plural = _("rules of tags")


class ScoreDue(models.Model):
    """A member with news that rules may ask about; triggers of the tables with the news write it."""

    store_path = None

    member = models.ForeignKey(Member, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("member to be scored")
        verbose_name_plural = _("members to be scored")


class TagSample(models.Model):
    """Some bearers of a tag, drawn by chance, whom people check."""

    store_path = None

    public_id = PublicId("ts_")
    tag = models.ForeignKey(Tag, models.CASCADE, verbose_name=_("tag"), related_name="samples")
    by = models.ForeignKey(Person, models.PROTECT, verbose_name=_("drawn by"), null=True, related_name="+")
    at = models.DateTimeField(_("drawn"))
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("sample of a tag")
        verbose_name_plural = _("samples of tags")
        ordering = ["-id"]


class SampledMember(models.Model):
    """One of a sample, with what somebody says of her."""

    seen_through = "member"
    store_path = None
    personal = True

    class Says(models.TextChoices):
        RIGHT = "right", _("right")
        WRONG = "wrong", _("wrong")
        UNSURE = "unsure", _("cannot tell")

    sample = models.ForeignKey(TagSample, models.CASCADE, verbose_name=_("sample"), related_name="sampled")
    member = models.ForeignKey(Member, models.CASCADE, verbose_name=_("customer"), related_name="+")
    says = models.CharField(_("verdict"), max_length=6, choices=Says, blank=True)
    by = models.ForeignKey(Person, models.PROTECT, verbose_name=_("by"), null=True, related_name="+")
    at = models.DateTimeField(_("at"), null=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("member of a sample")
        verbose_name_plural = _("members of samples")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["sample", "member"], name="a_member_stands_once_in_a_sample")]
