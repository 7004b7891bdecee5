"""The people on the floor, and where they are posted when."""

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from scrm.ids import PublicId
from scrm.wecom.models import Corp
from stores.models import Store
from stores.scope import ScopedQuerySet


class GuideQuerySet(ScopedQuerySet):
    def able(self) -> "GuideQuerySet":
        """Whom WeCom takes into a code, and we too: the one place that says who may stand in one."""
        return self.filter(ABLE)


# The other half of each of these is a reason of guides.readiness.
ABLE = (
    Q(status="active", can_contact=True, contact_trouble="")
    & (Q(wecom_status=None) | Q(wecom_status=1))
    & (Q(corp__staff_number_required=False) | ~Q(staff_number=""))
)


class Guide(models.Model):
    """A member of staff whom customers can add in WeCom."""

    store_path = "postings__store"

    class Status(models.TextChoices):
        PLACEHOLDER = "placeholder", _("seen in a letter, not yet in the roster")
        ACTIVE = "active", _("active")
        INACTIVE = "inactive", _("not activated or disabled")
        LEFT = "left", _("left")

    class WecomStatus(models.IntegerChoices):
        """The `status` of user/get."""

        ACTIVE = 1, _("active in WeCom")
        DISABLED = 2, _("disabled in WeCom")
        NOT_ACTIVATED = 4, _("never signed in to WeCom")
        LEFT = 5, _("left the company in WeCom")

    public_id = PublicId("g_")
    corp = models.ForeignKey(Corp, models.PROTECT, verbose_name=_("corp"), related_name="+")
    userid = models.CharField(
        _("WeCom userid"), max_length=64, help_text=_("Upper and lower case are the same to WeCom.")
    )
    name = models.CharField(_("name"), max_length=64, blank=True)
    position = models.CharField(_("position"), max_length=64, blank=True)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.PLACEHOLDER)
    wecom_status = models.PositiveSmallIntegerField(_("status in WeCom"), choices=WecomStatus, null=True, blank=True)
    can_contact = models.BooleanField(_("may use customer contact"), default=False)
    contact_trouble = models.CharField(
        _("refused in codes"),
        max_length=16,
        blank=True,
        db_default="",
        default="",
        help_text=_("WeCom's error code when it refused her in a code; empty: it did not."),
    )
    contact_trouble_at = models.DateTimeField(_("refused since"), null=True, blank=True, editable=False)
    staff_number = models.CharField(
        _("staff number"),
        max_length=64,
        blank=True,
        db_default="",
        default="",
        help_text=_("From the member's profile in WeCom; imports know her by it."),
    )
    left_at = models.DateTimeField(_("left at"), null=True, blank=True)
    read_due_at = models.DateTimeField(null=True, editable=False)
    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("person"), null=True, blank=True, related_name="guide"
    )
    successor = models.ForeignKey(
        "self",
        models.SET_NULL,
        verbose_name=_("successor"),
        null=True,
        blank=True,
        help_text=_("Who takes her place in codes when she leaves; the store's house account if nobody is named."),
    )
    objects = GuideQuerySet.as_manager()

    class Meta:
        verbose_name = _("guide")
        verbose_name_plural = _("guides")
        ordering = ["name"]
        constraints = [models.UniqueConstraint("corp", Lower("userid"), name="a_userid_names_one_guide_of_a_corp")]
        indexes = [
            # The lane that reads people from WeCom's directory asks only for the due ones.
            models.Index(fields=["read_due_at"], condition=Q(read_due_at__isnull=False), name="guides_to_read"),
            # Imports look guides up by their staff number.
            models.Index(fields=["corp", "staff_number"], condition=~Q(staff_number=""), name="guides_by_staff_number"),
            # Whom WeCom refused in a code is tried again from time to time.
            models.Index(
                fields=["contact_trouble_at"], condition=Q(contact_trouble_at__isnull=False), name="guides_refused"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.userid

    def is_able(self) -> bool:
        """Whether she may stand in a code, as GuideQuerySet.able says it."""
        here = self.status == self.Status.ACTIVE and self.wecom_status in (None, self.WecomStatus.ACTIVE)
        known = bool(self.staff_number) or not self.corp.staff_number_required
        return here and known and self.can_contact and not self.contact_trouble


def _period() -> Func:
    return Func(F("starts_at"), F("ends_at"), RangeBoundary(), function="tstzrange", output_field=DateTimeRangeField())


class PostingQuerySet(ScopedQuerySet):
    def at(self, instant: datetime) -> "PostingQuerySet":
        """The postings that hold at an instant."""
        return self.filter(Q(starts_at__lte=instant) & (Q(ends_at=None) | Q(ends_at__gt=instant)))


class Posting(models.Model):
    """A guide's work at a store for a time; she may work at several."""

    store_path = "store"

    guide = models.ForeignKey(Guide, models.CASCADE, verbose_name=_("guide"), related_name="postings")
    store = models.ForeignKey(Store, models.PROTECT, verbose_name=_("store"), related_name="postings")
    is_manager = models.BooleanField(_("manages the store"), default=False)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    objects = PostingQuerySet.as_manager()

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        constraints = [
            ExclusionConstraint(
                name="a_guide_is_posted_to_a_store_once_at_a_time",
                expressions=[
                    ("guide", RangeOperators.EQUAL),
                    ("store", RangeOperators.EQUAL),
                    (_period(), RangeOperators.OVERLAPS),
                ],
            )
        ]

    def __str__(self) -> str:
        return f"{self.guide} · {self.store}"


class HouseAccount(models.Model):
    """The guide account that stands for a store itself, such as its service desk."""

    store_path = "store"

    store = models.OneToOneField(Store, models.CASCADE, verbose_name=_("store"), related_name="house_account")
    guide = models.ForeignKey(Guide, models.PROTECT, verbose_name=_("guide"), related_name="+")
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("house account")
        verbose_name_plural = _("house accounts")

    def __str__(self) -> str:
        return f"{self.store}: {self.guide}"


class Roster(models.Model):
    """When a corp's departments and people were last read, and since when they should be read again."""

    store_path = None

    corp = models.OneToOneField(Corp, models.CASCADE, verbose_name=_("corp"), related_name="+")
    read_due_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    # Whether codes leave out who has no staff number, as the corp asked when they were last looked through.
    numbers_asked = models.BooleanField(default=False, db_default=False, editable=False)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("roster")
        verbose_name_plural = _("rosters")
