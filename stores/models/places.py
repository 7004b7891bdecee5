"""The ground: brand, regions, stores, and the dated records of who runs what, when."""

from datetime import date

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from scrm.ids import PublicId
from scrm.wecom.models import Corp
from stores.scope import ScopedQuerySet


class Brand(models.Model):
    """The whole house; a deployment has one, with one or more corps."""

    store_path = None  # HQ's own: nobody below HQ lists brands

    public_id = PublicId("b_")
    name = models.CharField(_("name"), max_length=60)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("brand")
        verbose_name_plural = _("brands")

    def __str__(self) -> str:
        return self.name


class Region(models.Model):
    """A part of the brand, such as East China."""

    store_path = "stores"

    public_id = PublicId("r_")
    brand = models.ForeignKey(Brand, models.PROTECT, verbose_name=_("brand"), related_name="regions")
    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=60)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("region")
        verbose_name_plural = _("regions")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["brand", "code"], name="a_region_code_is_used_once")]

    def __str__(self) -> str:
        return self.name


class Store(models.Model):
    """A shop. `region` is where it stands today; `Placement` says where it stood on any day."""

    store_path = "pk"

    class Kind(models.TextChoices):
        DIRECT = "direct", _("direct store")
        FRANCHISE = "franchise", _("franchise store")

    public_id = PublicId("s_")
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("region"), related_name="stores")
    code = models.CharField(_("store number"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.DIRECT)
    city = models.CharField(_("city"), max_length=40, blank=True)
    address = models.CharField(_("address"), max_length=200, blank=True)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("store")
        verbose_name_plural = _("stores")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Franchisee(models.Model):
    """A party that runs stores under dated contracts; not a level of the tree."""

    seen_through = "contracts"
    store_path = "contracts__store"

    public_id = PublicId("f_")
    brand = models.ForeignKey(Brand, models.PROTECT, verbose_name=_("brand"), related_name="franchisees")
    name = models.CharField(_("name"), max_length=80)
    legal_name = models.CharField(_("legal name"), max_length=120, blank=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("franchisee")
        verbose_name_plural = _("franchisees")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


def _days() -> Func:
    return Func(F("starts_on"), F("ends_on"), RangeBoundary(), function="daterange", output_field=DateRangeField())


class DatedQuerySet(ScopedQuerySet):
    def on(self, day: date) -> "DatedQuerySet":
        """The records that hold on a day."""
        return self.filter(Q(starts_on__lte=day) & (Q(ends_on=None) | Q(ends_on__gt=day)))


class Dated(models.Model):
    """A record that holds from its first day until before its end day."""

    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until (excluded)"), null=True, blank=True)
    objects = DatedQuerySet.as_manager()

    class Meta:
        abstract = True


def _one_at_a_time(name: str) -> ExclusionConstraint:
    return ExclusionConstraint(
        name=name, expressions=[("store", RangeOperators.EQUAL), (_days(), RangeOperators.OVERLAPS)]
    )


class Placement(Dated):
    """A store's place in the tree for some days; facts of a day roll up to that day's region."""

    store_path = "store"

    store = models.ForeignKey(Store, models.CASCADE, verbose_name=_("store"), related_name="placements")
    region = models.ForeignKey(Region, models.PROTECT, verbose_name=_("region"), related_name="+")

    class Meta:
        verbose_name = _("placement in a region")
        verbose_name_plural = _("placements in regions")
        constraints = [_one_at_a_time("a_store_stands_in_one_region_at_a_time")]

    def __str__(self) -> str:
        return f"{self.region} {self.starts_on}–{self.ends_on or ''}"


class Opening(Dated):
    """The days on which a store is open for business; it may close and open again."""

    store_path = "store"

    store = models.ForeignKey(Store, models.CASCADE, verbose_name=_("store"), related_name="openings")

    class Meta:
        verbose_name = _("opening")
        verbose_name_plural = _("openings")
        constraints = [_one_at_a_time("a_store_opens_once_at_a_time")]

    def __str__(self) -> str:
        return f"{self.starts_on}–{self.ends_on or ''}"


class Contract(Dated):
    """A franchisee's right over a store for some days; other franchisees read neither of it nor of its party."""

    store_path = "store"
    day_path = "starts_on"

    store = models.ForeignKey(Store, models.PROTECT, verbose_name=_("store"), related_name="contracts")
    franchisee = models.ForeignKey(Franchisee, models.PROTECT, verbose_name=_("franchisee"), related_name="contracts")

    class Meta:
        verbose_name = _("franchise contract")
        verbose_name_plural = _("franchise contracts")
        constraints = [_one_at_a_time("a_store_has_one_franchisee_at_a_time")]

    def __str__(self) -> str:
        return f"{self.franchisee} {self.store} {self.starts_on}–{self.ends_on or ''}"


class DepartmentLink(models.Model):
    """Which region or store a WeCom department is."""

    store_path = "store"

    corp = models.ForeignKey(Corp, models.CASCADE, verbose_name=_("corp"), related_name="+")
    department_id = models.BigIntegerField(_("WeCom department"))
    region = models.ForeignKey(Region, models.CASCADE, verbose_name=_("region"), null=True, blank=True)
    store = models.ForeignKey(
        Store, models.CASCADE, verbose_name=_("store"), null=True, blank=True, related_name="departments"
    )
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("WeCom department")
        verbose_name_plural = _("WeCom departments")
        constraints = [
            models.UniqueConstraint(fields=["corp", "department_id"], name="a_department_is_linked_once"),
            models.CheckConstraint(
                condition=Q(region=None) ^ Q(store=None), name="a_department_is_a_region_or_a_store"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.department_id} → {self.region or self.store}"
