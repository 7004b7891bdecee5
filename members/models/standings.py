"""Where a person stands with the brand: her home store, her stage of life, her grades and the rules of both.

Rows name the surviving member. All of them follow from other tables, and can be made anew from these.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models.people import Member
from scrm.ids import PublicId
from stores.models import Store
from stores.scope import ScopedQuerySet


class Stage(models.TextChoices):
    """How far a customer has come; at risk and lost are told by her own rhythm."""

    LEAD = "lead", _("lead")
    ADDED = "added", _("added a guide")
    MEMBER = "member", _("member")
    FIRST_ORDER = "first_order", _("first order")
    REPEAT = "repeat", _("repeat buyer")
    ADVOCATE = "advocate", _("advocate")
    AT_RISK = "at_risk", _("at risk")
    LOST = "lost", _("lost")


class Grade(models.TextChoices):
    A = "A", "A"
    B = "B", "B"
    C = "C", "C"


class Home(models.Model):
    """The store at which a person is at home, and the tier of its city."""

    seen_through = "member"
    store_path = None
    personal = True

    member = models.OneToOneField(Member, models.CASCADE, primary_key=True, related_name="home")
    store = models.ForeignKey(Store, models.PROTECT, verbose_name=_("home store"), null=True, related_name="+")
    city_tier = models.SmallIntegerField(_("city tier"), null=True, db_index=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("home of a customer")
        verbose_name_plural = _("homes of customers")


class StageRule(models.Model):
    """From when on customers who do not buy are at risk and lost. The version in force on a day is the newest one that
    begins on or before it."""

    store_path = None

    starts_on = models.DateField(_("in force from"), unique=True)
    risk_after = models.PositiveSmallIntegerField(_("at risk after so many of her own gaps, in tenths"), default=15)
    lost_after = models.PositiveSmallIntegerField(_("lost after so many of her own gaps, in tenths"), default=40)
    usual_gap = models.PositiveSmallIntegerField(_("gap of somebody without a rhythm, in days"), default=60)
    risk_least = models.PositiveSmallIntegerField(_("at risk not before, in days"), default=30)
    risk_most = models.PositiveSmallIntegerField(_("at risk at the latest, in days"), default=180)
    lost_least = models.PositiveSmallIntegerField(_("lost not before, in days"), default=90)
    lost_most = models.PositiveSmallIntegerField(_("lost at the latest, in days"), default=365)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    made_at = models.DateTimeField(_("made"), editable=False)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("lifecycle rule")
        verbose_name_plural = _("lifecycle rules")
        ordering = ["-starts_on"]


class MemberStage(models.Model):
    """The stage at which a person stands, since when, by what; `due_on` is the day on which time alone moves her."""

    seen_through = "member"
    store_path = None
    personal = True

    member = models.OneToOneField(Member, models.CASCADE, primary_key=True, related_name="stage")
    stage = models.CharField(_("stage"), max_length=12, choices=Stage)
    since = models.DateTimeField(_("since"))
    cause = models.CharField(_("moved by"), max_length=40)
    telling = models.IntegerField(_("telling"), default=1)
    due_on = models.DateField(null=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("stage of a customer")
        verbose_name_plural = _("stages of customers")
        indexes = [
            models.Index(fields=["stage"], name="people_by_stage"),
            # The night moves those whose day has come.
            models.Index(fields=["due_on"], condition=Q(due_on__isnull=False), name="stages_moved_by_time"),
        ]


class StageChange(models.Model):
    """One step of a person's life, only added. A late event that changes what came after it begins a new telling of
    the whole story; the highest telling of a member holds, the earlier ones are what we believed before."""

    append_only = True
    seen_through = "member"
    store_path = None
    personal = True

    member = models.ForeignKey(Member, models.CASCADE, related_name="stage_changes", db_index=False)
    telling = models.IntegerField()
    stage = models.CharField(max_length=12, choices=Stage)
    at = models.DateTimeField()
    cause = models.CharField(max_length=40)
    recorded_at = models.DateTimeField()
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of a stage")
        verbose_name_plural = _("changes of stages")
        indexes = [models.Index(fields=["member", "telling", "at"], name="steps_of_a_life")]


class GradeRule(models.Model):
    """How buyers are graded from a day on: which spans and weights, measured against whom."""

    store_path = None

    class Among(models.TextChoices):
        BRAND = "brand", _("all buyers of the brand")
        STORE = "store", _("the buyers of the same store")

    public_id = PublicId("gr_")
    starts_on = models.DateField(_("in force from"), unique=True)
    window = models.PositiveSmallIntegerField(_("orders of the last days"), default=365)
    among = models.CharField(_("measured among"), max_length=8, choices=Among, default=Among.BRAND)
    weight_r = models.PositiveSmallIntegerField(_("weight of recency"), default=1)
    weight_f = models.PositiveSmallIntegerField(_("weight of frequency"), default=1)
    weight_m = models.PositiveSmallIntegerField(_("weight of money"), default=1)
    a_from = models.PositiveSmallIntegerField(_("A from so many of 100 points"), default=75)
    b_from = models.PositiveSmallIntegerField(_("B from so many of 100 points"), default=40)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+")
    made_at = models.DateTimeField(_("made"), editable=False)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("grade rule")
        verbose_name_plural = _("grade rules")
        ordering = ["-starts_on"]


class MemberGrade(models.Model):
    """A person's grade at a store, or brand-wide where there is none; `grade` is what holds, `rule_grade` what the rule
    says, which differs only while somebody's word (`by`) stands against it."""

    store_path = "store"
    not_for_guides = True  # hers are read with the customers whom she sees
    personal = True

    member = models.ForeignKey(Member, models.CASCADE, verbose_name=_("customer"), related_name="grades")
    store = models.ForeignKey(
        Store, models.PROTECT, verbose_name=_("store"), null=True, related_name="+", db_index=False
    )
    grade = models.CharField(_("grade"), max_length=1, choices=Grade)
    rule_grade = models.CharField(_("grade by the rule"), max_length=1, choices=Grade, blank=True)
    score_r = models.SmallIntegerField(_("recency"), null=True)
    score_f = models.SmallIntegerField(_("frequency"), null=True)
    score_m = models.SmallIntegerField(_("money"), null=True)
    last_on = models.DateField(_("last order"), null=True)
    orders = models.IntegerField(_("orders"), null=True)
    spent_fen = models.BigIntegerField(_("spent (fen)"), null=True)
    rule = models.ForeignKey(GradeRule, models.PROTECT, null=True, related_name="+", db_index=False)
    day = models.DateField(_("as of"), null=True)
    override_by: Any = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    override_until = models.DateField(_("until (excluded)"), null=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("grade of a customer")
        verbose_name_plural = _("grades of customers")
        constraints = [
            models.UniqueConstraint(
                fields=["member", "store"], nulls_distinct=False, name="a_person_has_one_grade_per_store"
            )
        ]
        indexes = [
            models.Index(fields=["store", "grade"], name="grades_of_a_store"),
            models.Index(
                fields=["override_until"], condition=Q(override_until__isnull=False), name="grades_set_by_hand"
            ),
        ]


class GradeChange(models.Model):
    """A grade that changed, by the rule of the night, by somebody's word, or since that word ended; only added."""

    append_only = True
    emptied = ("reason",)  # a free text, which may name her, goes when she is forgotten
    store_path = "store"
    not_for_guides = True
    personal = True

    class Cause(models.TextChoices):
        RULE = "rule", _("by the rule")
        WORD = "word", _("set by hand")
        EXPIRED = "expired", _("the time of the grade set by hand was over")

    member = models.ForeignKey(Member, models.CASCADE, related_name="grade_changes")
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", db_index=False)
    grade = models.CharField(max_length=1, choices=Grade, blank=True)
    before = models.CharField(max_length=1, choices=Grade, blank=True)
    cause = models.CharField(max_length=8, choices=Cause)
    at = models.DateTimeField()
    by: Any = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)
    reason = models.CharField(max_length=200, blank=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of a grade")
        verbose_name_plural = _("changes of grades")


class GradeCount(models.Model):
    """How many buyers of a store, or brand-wide where there is none, have these scores; counted anew every night."""

    store_path = "store"
    not_for_guides = True

    store = models.ForeignKey(Store, models.CASCADE, null=True, related_name="+", db_index=False)
    tier = models.SmallIntegerField(null=True)
    score_r = models.SmallIntegerField()
    score_f = models.SmallIntegerField()
    score_m = models.SmallIntegerField()
    grade = models.CharField(max_length=1, choices=Grade)
    people = models.IntegerField()
    spent_fen = models.BigIntegerField()
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("count of grades")
        verbose_name_plural = _("counts of grades")
        constraints = [
            models.UniqueConstraint(
                fields=["store", "tier", "score_r", "score_f", "score_m", "grade"],
                nulls_distinct=False,
                name="scores_of_a_store_are_counted_once",
            )
        ]


class Round(models.Model):
    """How far the rounds over all customers have come: up to which instant, and which member."""

    store_path = None

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()
    last = models.BigIntegerField(default=0)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("round over customers")
        verbose_name_plural = _("rounds over customers")
