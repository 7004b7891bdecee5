"""Facts: what a day looked like. Derived from the ledgers below; deleting and refilling them changes nothing."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from guides.models import Code, Guide
from scrm.wecom.models import Corp
from stores.models import Franchisee, Person, Region, Store
from stores.scope import ScopedQuerySet


class Flows(models.Model):
    """What came and went; every column adds up over days and places."""

    adds = models.IntegerField(_("adds"), default=0)
    people_adds = models.IntegerField(_("new people"), default=0)
    losses = models.IntegerField(_("losses"), default=0)
    drops = models.IntegerField(_("dropped by guides"), default=0)
    moved_in = models.IntegerField(_("handed over to"), default=0)
    moved_out = models.IntegerField(_("handed over from"), default=0)
    kept_7 = models.IntegerField(_("adds that held for seven days"), default=0)
    kept_of = models.IntegerField(_("adds seven days ago or longer"), default=0)

    class Meta:
        abstract = True


class Sales(models.Model):
    """What was sold; every column adds up over days and places, money in fen."""

    orders = models.IntegerField(_("orders"), default=0, db_default=0)
    gmv = models.BigIntegerField(_("sales less refunds"), default=0, db_default=0)
    member_gmv = models.BigIntegerField(_("of members"), default=0, db_default=0)
    units = models.BigIntegerField(_("units"), default=0, db_default=0)
    attached = models.IntegerField(_("orders of several categories"), default=0, db_default=0)
    buyers_change = models.IntegerField(_("more buyers than the day before"), default=0, db_default=0)
    repeaters_change = models.IntegerField(_("more repeating buyers than the day before"), default=0, db_default=0)

    class Meta:
        abstract = True


class Standing(Flows, Sales):
    """Flows and sales, and how many relations and buyers there were before and after them."""

    live_at_start = models.IntegerField(_("live at the start"), default=0)
    live = models.IntegerField(_("live"), default=0)
    buyers_365 = models.IntegerField(_("buyers within 365 days"), default=0, db_default=0)
    repeaters_365 = models.IntegerField(_("of them on several days"), default=0, db_default=0)

    class Meta:
        abstract = True


class GuideDay(Flows):
    """The flows of one day by store, guide and code; without a store while nobody has said where it was."""

    store_path = "store"
    guide_path = "guide__person"
    day_path = "day"

    day = models.DateField(_("day"))
    store = models.ForeignKey(Store, models.CASCADE, verbose_name=_("store"), null=True, related_name="+")
    guide = models.ForeignKey(Guide, models.CASCADE, verbose_name=_("guide"), related_name="+", db_index=False)
    code = models.ForeignKey(Code, models.CASCADE, verbose_name=_("channel code"), null=True, related_name="+")
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("guide's day")
        verbose_name_plural = _("guides' days")
        constraints = [
            models.UniqueConstraint(
                fields=["store", "day", "guide", "code"], nulls_distinct=False, name="a_guides_day_is_counted_once"
            )
        ]
        indexes = [
            models.Index(fields=["day"], name="guide_days_by_day"),
            models.Index(fields=["guide", "day"], name="guide_days_by_guide"),
        ]


class SalesDay(Sales):
    """The sales of one day by store and seller; without a store what no store sold, without a seller the rest.

    Buyers are counted without a seller: whose they are is no question of who sold.
    """

    store_path = "store"
    guide_path = "seller"
    day_path = "day"

    day = models.DateField(_("day"))
    store = models.ForeignKey(Store, models.CASCADE, verbose_name=_("store"), null=True, related_name="+")
    seller = models.ForeignKey(Person, models.CASCADE, verbose_name=_("sold by"), null=True, related_name="+")
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("day of sales")
        verbose_name_plural = _("days of sales")
        constraints = [
            models.UniqueConstraint(
                fields=["store", "day", "seller"], nulls_distinct=False, name="a_sellers_day_is_counted_once"
            )
        ]
        indexes = [models.Index(fields=["day"], name="sales_days_by_day")]


class NodeDay(Standing):
    """A day of a node, rolled up as the tree stood on that day.

    A store's row says in which region and under which franchisee it stood. What has no store yet stands in a row of
    its own (`unplaced`, node 0), so that the brand is the sum of its regions and of that row.
    """

    store_path = "store"
    day_path = "day"

    class Kind(models.TextChoices):
        BRAND = "brand", _("brand")
        REGION = "region", _("region")
        FRANCHISEE = "franchisee", _("franchisee")
        STORE = "store", _("store")
        UNPLACED = "unplaced", _("without a store")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    node_id = models.BigIntegerField()
    day = models.DateField(_("day"))
    store = models.ForeignKey(
        Store, models.CASCADE, verbose_name=_("store"), null=True, related_name="+", db_index=False
    )
    region = models.ForeignKey(Region, models.CASCADE, null=True, related_name="+", db_index=False)
    franchisee = models.ForeignKey(Franchisee, models.CASCADE, null=True, related_name="+", db_index=False)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("day of a node")
        verbose_name_plural = _("days of nodes")
        constraints = [models.UniqueConstraint(fields=["kind", "node_id", "day"], name="a_nodes_day_is_counted_once")]
        indexes = [
            models.Index(fields=["day"], condition=Q(kind="store"), name="store_days_by_day"),
            models.Index(fields=["region", "day"], condition=Q(kind="store"), name="store_days_by_region"),
            models.Index(
                fields=["franchisee", "day"],
                condition=Q(kind="store", franchisee__isnull=False),
                name="store_days_by_franchisee",
            ),
        ]


class StoreSpan(Standing):
    """A store's sums over a usual span of days up to the last filled one: lists of stores are read sorted from here."""

    store_path = "store"

    span = models.CharField(max_length=10)  # a key of periods.SPANS
    store = models.ForeignKey(Store, models.CASCADE, related_name="+", db_index=False)
    region = models.ForeignKey(Region, models.CASCADE, related_name="+", db_index=False)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["span", "store", "region"], name="a_stores_span_is_counted_once")
        ]
        indexes = [
            models.Index(F("span"), F("adds").desc(), F("store"), name="spans_ranked"),
            models.Index(F("span"), F("region"), F("adds").desc(), F("store"), name="spans_ranked_in_a_region"),
        ]


class Fill(models.Model):
    """Which days are filled, and as of when the ledgers were; one row."""

    first_day = models.DateField(null=True)
    last_day = models.DateField(null=True)
    filled_at = models.DateTimeField(null=True)
    last_fact = models.BigIntegerField(default=0)


class ContactCount(models.Model):
    """How many different people are customers of a corp's guides; WeCom bills those above a free number by the year."""

    corp = models.ForeignKey(Corp, models.CASCADE, verbose_name=_("corp"), related_name="+")
    day = models.DateField(_("day"))
    contacts = models.IntegerField(_("external contacts"))
    counted_at = models.DateTimeField(_("counted at"))

    class Meta:
        verbose_name = _("count of contacts")
        verbose_name_plural = _("counts of contacts")
        constraints = [models.UniqueConstraint(fields=["corp", "day"], name="a_corps_contacts_are_counted_once_a_day")]
        ordering = ["-day"]


class Gauge(models.Model):
    """One number of the data's health as it was last taken: a part of a whole, or a value alone (`whole` is null)."""

    key = models.CharField(_("number"), max_length=40, unique=True)
    part = models.BigIntegerField(_("part"))
    whole = models.BigIntegerField(_("whole"), null=True)
    taken_at = models.DateTimeField(_("taken"))
    took_ms = models.IntegerField(_("took (ms)"), default=0)

    class Meta:
        verbose_name = _("number of the data's health")
        verbose_name_plural = _("numbers of the data's health")

    def __str__(self) -> str:
        return self.key


class Conversion(models.Model):
    """Of the days of a span up to a day: who bought at a place, and how many of them are members with a consent.

    A store's row holds for the brand whatever the days; `held` counts the days on which a franchisee ran it.
    """

    store_path = "store"

    kind = models.CharField(_("kind"), max_length=12)  # of NodeDay.Kind, or "held"
    node_id = models.BigIntegerField()
    span = models.CharField(max_length=10)  # a key of conversions.SPANS
    day = models.DateField(_("day"))
    store = models.ForeignKey(Store, models.CASCADE, null=True, related_name="+", db_index=False)
    region = models.ForeignKey(Region, models.CASCADE, null=True, related_name="+", db_index=False)
    franchisee = models.ForeignKey(Franchisee, models.CASCADE, null=True, related_name="+", db_index=False)
    orders = models.IntegerField(_("orders"))
    nameless = models.IntegerField(_("orders without a name"))
    buyers = models.IntegerField(_("buyers"))
    registered = models.IntegerField(_("registered"))
    members = models.IntegerField(_("members with consent"))
    filled_at = models.DateTimeField(null=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("member conversion")
        verbose_name_plural = _("member conversions")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "node_id", "span", "day", "franchisee"],
                nulls_distinct=False,
                name="a_places_conversion_is_counted_once",
            )
        ]
        indexes = [models.Index(fields=["day", "span", "kind"], name="conversions_of_a_day")]
