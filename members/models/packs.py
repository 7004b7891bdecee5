"""Audience packs: hashed ids of a frozen audience for an advertiser's platform, asked for by one person, allowed by
another, for a while."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from members.models.segments import Audience
from scrm.ids import PublicId
from scrm.sealed import SealedField
from stores.scope import ScopedQuerySet


class Pack(models.Model):
    """One wish to hand an audience to a platform. No file is kept: it is written anew for each download, out of those
    who allow it at that moment."""

    store_path = None  # HQ alone hands people's ids on

    class Platform(models.TextChoices):
        TENCENT = "tencent", _("Tencent Ads")
        OCEAN = "ocean", _("Ocean Engine (Douyin)")
        KUAISHOU = "kuaishou", _("Magnetic Engine (Kuaishou)")
        ALIMAMA = "alimama", _("Alimama")
        JD = "jd", _("JD Jingzhuntong")
        BAIDU = "baidu", _("Baidu Marketing")
        OTHER = "other", _("another platform")

    class Use(models.TextChoices):
        REACH = "reach", _("show advertisements to these people")
        ALIKE = "alike", _("find people like these (look-alike)")
        EXCLUDE = "exclude", _("spare these people advertisements")

    class Ids(models.TextChoices):
        PHONE = "phone", _("phone numbers")
        UNIONID = "unionid", _("WeChat unionids")
        OPENID = "openid", _("openids of one app")

    class State(models.TextChoices):
        ASKED = "asked", _("waits for approval")
        APPROVED = "approved", _("may be downloaded")
        REFUSED = "refused", _("not approved")

    public_id = PublicId("pk_")
    audience = models.ForeignKey(Audience, models.PROTECT, verbose_name=_("audience"), related_name="packs")
    platform = models.CharField(_("platform"), max_length=10, choices=Platform)
    use = models.CharField(_("purpose"), max_length=10, choices=Use)
    reason = models.CharField(_("what for"), max_length=200)
    ids = models.CharField(_("ids"), max_length=10, choices=Ids, default=Ids.PHONE)
    app = models.CharField(_("app id"), max_length=64, blank=True)
    salt: Any = SealedField(_("salt"), null=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ASKED)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("asked for by"), related_name="+"
    )
    asked_at = models.DateTimeField(_("asked for"))
    expires_at = models.DateTimeField(_("link ends"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("decided by"), null=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    answer = models.CharField(_("reply"), max_length=200, blank=True)
    ended_at = models.DateTimeField(_("ended early"), null=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("audience pack")
        verbose_name_plural = _("audience packs")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by")),
                name="nobody_approves_a_pack_of_his_own",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None, state="asked") | (~Q(state="asked") & Q(decided_by__isnull=False)),
                name="a_pack_is_decided_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.audience} → {self.get_platform_display()}"


class PackDownload(models.Model):
    """One time that a pack left the house: who took it, how many ids, who was in it and how many were left out."""

    store_path = None

    pack = models.ForeignKey(Pack, models.PROTECT, verbose_name=_("audience pack"), related_name="downloads")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("taken by"), related_name="+")
    at = models.DateTimeField(_("taken at"))
    people = models.IntegerField(_("how many people"))
    rows = models.IntegerField(_("how many ids"))
    left_out: Any = models.JSONField(_("left out, by reason"), default=dict)
    members = models.BinaryField()
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("download of an audience pack")
        verbose_name_plural = _("downloads of audience packs")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.pack} {self.at:%Y-%m-%d}"
