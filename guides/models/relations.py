"""The relation ledger: what WeCom told us of a guide and a customer, and what follows from it."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from guides.models.codes import Code
from guides.models.people import Guide
from members.models import Member
from scrm.ids import PublicId
from stores.models import Store
from stores.scope import ScopedQuerySet


class RelationFact(models.Model):
    """One thing we were told of a guide and a customer. Facts are only added; relations are derived from them."""

    append_only = True
    store_path = None

    class Kind(models.TextChoices):
        HALF = "half", _("customer added the guide, not yet confirmed")
        ADD = "add", _("both are friends")
        GUIDE_DELETED = "guide_del", _("guide deleted the customer")
        TRANSFERRED = "transferred", _("customer went to another guide")
        CUSTOMER_DELETED = "cust_del", _("customer deleted the guide")
        READ_THERE = "read_there", _("WeCom lists the relation")
        READ_GONE = "read_gone", _("WeCom does not list the relation")

    # Each of these stands first in an index below.
    guide = models.ForeignKey(Guide, models.PROTECT, related_name="facts", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="facts", db_index=False)
    kind = models.CharField(max_length=12, choices=Kind)
    at = models.DateTimeField()
    created_at = models.DateTimeField(null=True, help_text="WeCom's createtime, of reads only.")
    digest = models.BinaryField(max_length=32, unique=True)
    state = models.CharField(max_length=64, blank=True)
    code = models.ForeignKey(Code, models.PROTECT, null=True, related_name="+", db_index=False)
    letter_id = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField()
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("fact of a relation")
        verbose_name_plural = _("facts of relations")
        indexes = [
            models.Index(fields=["member", "guide"], name="facts_of_a_pair"),
            # The trace asks for a guide's or a code's day, and what a letter told.
            models.Index(fields=["guide", "at"], name="facts_of_a_guide"),
            models.Index(fields=["code", "at"], condition=Q(code__isnull=False), name="facts_of_a_code"),
            models.Index(fields=["letter_id"], condition=Q(letter_id__isnull=False), name="facts_of_a_letter"),
        ]


class RelationQuerySet(ScopedQuerySet):
    def live(self) -> "RelationQuerySet":
        """The relations whose two sides hold."""
        return self.filter(state=Relation.State.LIVE)


class Relation(models.Model):
    """One epoch of a guide and a customer: from an add to the first deletion by either side."""

    store_path = "store"
    guide_path = "guide__person"
    day_path = "added_day"
    personal = True

    class State(models.TextChoices):
        HALF = "half", _("waiting for the guide to confirm")
        LIVE = "live", _("both are friends")
        LOST = "lost", _("the customer deleted the guide")
        DROPPED = "dropped", _("the guide deleted the customer")
        MOVED = "moved", _("handed over to another guide")

    public_id = PublicId("rel_")
    guide = models.ForeignKey(Guide, models.PROTECT, verbose_name=_("guide"), related_name="relations")
    member = models.ForeignKey(Member, models.PROTECT, verbose_name=_("customer"), related_name="relations")
    store = models.ForeignKey(
        Store, models.PROTECT, verbose_name=_("store"), null=True, blank=True, related_name="relations"
    )
    code = models.ForeignKey(
        Code, models.PROTECT, verbose_name=_("channel code"), null=True, blank=True, related_name="relations"
    )
    state = models.CharField(_("state"), max_length=10, choices=State)
    epoch = models.IntegerField(_("epoch"), help_text=_("1 for the first add, 2 for the next after a deletion."))
    opened_at = models.DateTimeField(_("opened"))
    opened_day = models.DateField(editable=False)
    added_at = models.DateTimeField(_("added"), null=True)
    added_day = models.DateField(_("day of the add"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_day = models.DateField(_("day of the end"), null=True)
    guide_side = models.BooleanField(_("the guide has the customer"), default=True)
    customer_side = models.BooleanField(_("the customer has the guide"), default=True)
    by_transfer = models.BooleanField(_("came by a handover"), default=False)
    store_chosen = models.BooleanField(_("store chosen by a person"), default=False)
    changed_at = models.DateTimeField(_("changed"))
    objects = RelationQuerySet.as_manager()

    class Meta:
        verbose_name = _("relation")
        verbose_name_plural = _("relations")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["member", "guide", "epoch"],
                name="an_epoch_of_a_pair_is_counted_once",
                deferrable=models.Deferrable.DEFERRED,  # a late fact may shift all of them
            ),
        ]
        indexes = [
            models.Index(fields=["store", "added_day"], name="adds_of_a_store"),
            models.Index(fields=["store", "ended_day"], name="ends_of_a_store"),
            models.Index(fields=["added_day"], name="adds_of_a_day"),
            models.Index(fields=["ended_day"], name="ends_of_a_day"),
            models.Index(fields=["guide", "added_day"], name="adds_of_a_guide"),
            # Boards pull what changed since they last looked.
            models.Index(fields=["changed_at"], name="relations_by_change"),
            # A guide with several postings is asked once where such a customer belongs.
            models.Index(fields=["guide"], condition=Q(store=None), name="relations_without_a_store"),
        ]

    def __str__(self) -> str:
        return f"{self.guide_id}–{self.member_id} #{self.epoch}"


def _period() -> Func:
    return Func(F("starts_at"), F("ends_at"), RangeBoundary(), function="tstzrange", output_field=DateTimeRangeField())


class Ownership(models.Model):
    """Whose customer a member is at a store: the guide of the oldest relation that lives."""

    store_path = "store"
    guide_path = "guide__person"
    day_path = "starts_day"
    personal = True

    member = models.ForeignKey(Member, models.PROTECT, verbose_name=_("customer"), related_name="ownerships")
    store = models.ForeignKey(Store, models.PROTECT, verbose_name=_("store"), related_name="ownerships")
    guide = models.ForeignKey(Guide, models.PROTECT, verbose_name=_("owner"), related_name="ownerships")
    starts_at = models.DateTimeField(_("from"))
    starts_day = models.DateField(editable=False)
    ends_at = models.DateTimeField(_("until"), null=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("owner")
        verbose_name_plural = _("owners")
        constraints = [
            ExclusionConstraint(
                name="a_member_has_one_primary_owner_per_store_at_a_time",
                expressions=[
                    ("member", RangeOperators.EQUAL),
                    ("store", RangeOperators.EQUAL),
                    (_period(), RangeOperators.OVERLAPS),
                ],
                deferrable=models.Deferrable.DEFERRED,
            )
        ]

    def __str__(self) -> str:
        return f"{self.member_id} @ {self.store_id}: {self.guide_id}"
