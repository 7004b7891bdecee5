"""Channel codes (渠道活码): a QR code in a shop, and the guides whom it leads to."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from guides.models.people import Guide
from members.models import Tag
from scrm.ids import PublicId, new_id
from scrm.wecom.models import Corp
from stores.models import Store
from stores.scope import ScopedQuerySet


def new_state() -> str:
    """A state that says nothing: WeCom hands it back with each add; it takes 30 characters at most."""
    return new_id("z", 20)


class CodeQuerySet(ScopedQuerySet):
    def alive(self) -> "CodeQuerySet":
        return self.filter(deleted_at=None)

    def looked_after(self) -> "CodeQuerySet":
        """The codes that are ours to change without being asked: what others made they change themselves."""
        return self.exclude(origin=Code.Origin.FOUND).exclude(trouble=Code.Trouble.GONE)

    def unpushed(self) -> "CodeQuerySet":
        """The codes of which WeCom does not yet know what we want."""
        return self.exclude(wanted=models.F("pushed"))


class Code(models.Model):
    """A channel code. `wanted` counts our changes, `pushed` says which of them WeCom has."""

    store_path = "store"

    class Kind(models.TextChoices):
        GUIDE = "guide", _("one guide")
        GUIDES = "guides", _("several guides")
        STORE = "store", _("the whole store")

    class Trouble(models.TextChoices):
        NONE = "", _("none")
        NOBODY = "nobody", _("no guide left whom WeCom accepts")
        REFUSED = "refused", _("WeCom refused it")
        GONE = "gone", _("WeCom does not have it any more")

    class Origin(models.TextChoices):
        """Who made it, and who looks after it."""

        OURS = "ours", _("made here")
        FOUND = "found", _("made by another system")
        TAKEN = "taken", _("made by another system, looked after here")

    class HandsOff(models.TextChoices):
        """Why a code that we found is not ours to change."""

        NO = "", _("may be changed")
        TEMPORARY = "temporary", _("a temporary code: WeCom ends it by itself")
        DEPARTMENTS = "departments", _("it leads to departments")
        STRANGERS = "strangers", _("it leads to people whom we do not see")
        BUTTON = "button", _("a button in a mini program, not a picture")
        REFUSED = "refused", _("WeCom lets only its maker change it")

    public_id = PublicId("c_")
    corp = models.ForeignKey(Corp, models.PROTECT, verbose_name=_("corp"), related_name="+")
    store = models.ForeignKey(Store, models.PROTECT, verbose_name=_("store"), related_name="codes")
    kind = models.CharField(_("leads to"), max_length=10, choices=Kind)
    name = models.CharField(_("name"), max_length=60, help_text=_("Where it hangs, such as “till” or “window”."))
    state = models.CharField(_("state"), max_length=30, unique=True, default=new_state, editable=False)
    config_id = models.CharField(_("WeCom config_id"), max_length=64, blank=True, db_index=True, editable=False)
    qr_url = models.URLField(_("picture at WeCom"), max_length=500, blank=True, editable=False)
    qr_image = models.BinaryField(_("picture"), null=True, editable=False)
    qr_due_at = models.DateTimeField(null=True, editable=False)
    skip_verify = models.BooleanField(_("adds need no confirmation"), default=True)
    remark = models.CharField(
        _("remark for the customer"),
        max_length=20,
        blank=True,
        help_text=_("Written after each add; {name} is the customer's name, {store} the store's."),
    )
    tags = models.ManyToManyField(Tag, verbose_name=_("tags put on each customer"), blank=True, related_name="codes")
    wanted = models.IntegerField(default=1, editable=False)
    pushed = models.IntegerField(default=0, editable=False)
    pushed_users: Any = ArrayField(models.CharField(max_length=64), default=list, editable=False)
    # While WeCom refuses somebody without saying whom: who may be meant, and how many of them are tried next.
    doubted: Any = ArrayField(models.CharField(max_length=64), default=list, db_default=[], editable=False)
    trial = models.SmallIntegerField(default=0, db_default=0, editable=False)
    accepted_users: Any = ArrayField(models.CharField(max_length=64), default=list, db_default=[], editable=False)
    origin = models.CharField(
        _("origin"), max_length=6, choices=Origin, default=Origin.OURS, db_default=Origin.OURS, editable=False
    )
    hands_off = models.CharField(
        _("not ours to change"),
        max_length=12,
        choices=HandsOff,
        blank=True,
        default=HandsOff.NO,
        db_default=HandsOff.NO,
        editable=False,
    )
    trouble = models.CharField(_("trouble"), max_length=10, choices=Trouble, blank=True, editable=False)
    prints = models.IntegerField(_("sheets printed"), default=0, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("made by"),
        null=True,
        editable=False,
        related_name="+",
    )
    created_at = models.DateTimeField(_("made"), editable=False)
    deleted_at = models.DateTimeField(_("deleted"), null=True, editable=False)
    objects = CodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("channel code")
        verbose_name_plural = _("channel codes")
        ordering = ["store", "name"]
        indexes = [
            # The lane that tells WeCom about codes asks only for those with news.
            models.Index(fields=["id"], condition=~Q(wanted=models.F("pushed")), name="codes_to_push"),
            models.Index(fields=["qr_due_at"], condition=Q(qr_due_at__isnull=False), name="codes_to_picture"),
        ]

    def __str__(self) -> str:
        return f"{self.store} · {self.name}"


class CodeGuide(models.Model):
    """A guide whom a code leads to; of a code for one guide or several, never of a store's (it follows postings)."""

    store_path = "code__store"

    code = models.ForeignKey(Code, models.CASCADE, verbose_name=_("code"), related_name="code_guides")
    guide = models.ForeignKey(Guide, models.PROTECT, verbose_name=_("guide"), related_name="code_guides")
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("guide of a code")
        verbose_name_plural = _("guides of a code")
        constraints = [models.UniqueConstraint(fields=["code", "guide"], name="a_guide_stands_in_a_code_once")]
