"""What members allowed, and what they took back."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models.people import Member
from scrm.sealed import SealedField
from stores.models import Franchisee
from stores.scope import ScopedQuerySet, scope_of


class ConsentQuerySet(ScopedQuerySet):
    def visible_to(self, viewer: Any, *, needs: str = "") -> Self:
        return super().visible_to(viewer, needs=needs).told_to(viewer)

    def told_to(self, viewer: Any) -> Self:
        """What was said to the brand, and to the viewer's own house; that another one asked is that one's secret."""
        scope = scope_of(viewer)
        return self if scope.everything else self.filter(Q(controller=None) | Q(controller__in=scope.franchisees))


class Consent(models.Model):
    """One thing that a member said about one use of her data; only added, the newest of each purpose counts.

    The controller is who may use the data: a franchisee, or the brand where there is none.
    """

    append_only = True
    seen_through = "member"
    store_path = None

    class Purpose(models.TextChoices):
        SERVICE = "service", _("service")
        MARKETING_1V1 = "marketing_1v1", _("marketing by a guide")
        MARKETING_GROUP = "marketing_group", _("marketing to many")
        PROFILING = "profiling", _("profiling")
        SHARE_FRANCHISEE = "share_franchisee", _("sharing with franchisees")
        AD_MATCH = "ad_match", _("matching for advertisements")
        LOCATION = "location", _("location")
        MINOR_GUARDIAN = "minor_guardian", _("guardian of a minor")

    class State(models.TextChoices):
        GIVEN = "given", _("given")
        DENIED = "denied", _("denied")
        WITHDRAWN = "withdrawn", _("withdrawn")

    class Source(models.TextChoices):
        IMPORT = "import", _("import")
        FORM = "form", _("registration page")
        GUIDE = "guide", _("told to a guide")
        HQ = "hq", _("told to HQ")
        API = "api", _("another system")

    member = models.ForeignKey(Member, models.PROTECT, verbose_name=_("customer"), related_name="consents")
    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose)
    controller = models.ForeignKey(
        Franchisee, models.PROTECT, verbose_name=_("controller"), null=True, blank=True, related_name="+"
    )
    state = models.CharField(_("state"), max_length=10, choices=State)
    terms = models.CharField(_("version of the terms"), max_length=60, blank=True)
    at = models.DateTimeField(_("said at"))
    source = models.CharField(_("source"), max_length=10, choices=Source)
    evidence = SealedField(_("evidence"), null=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("written down by"),
        null=True,
        related_name="+",
    )
    recorded_at = models.DateTimeField(_("written down at"))
    through = models.ForeignKey(  # she spoke as this member, who was one person with the other then
        Member, models.PROTECT, null=True, related_name="+", db_index=False, editable=False
    )
    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [
            models.UniqueConstraint(
                fields=["member", "purpose", "controller", "at", "state", "terms"],
                nulls_distinct=False,
                name="a_consent_is_written_down_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}: {self.get_state_display()}"


class Terms(models.Model):
    """One version of what customers are asked to allow: a text for each purpose; never changed, followed by the next.

    `renewed` are the purposes that need a new word of hers, since what they mean is no longer what she allowed.
    """

    append_only = True
    store_path = None
    for_every_seat = True

    version = models.CharField(_("version"), max_length=60)
    controller = models.ForeignKey(
        Franchisee, models.PROTECT, verbose_name=_("controller"), null=True, blank=True, related_name="+"
    )
    title = models.CharField(_("title"), max_length=120)
    body = models.TextField(_("privacy notice"), blank=True)
    purposes = models.JSONField(_("texts by purpose"), default=dict)
    renewed = models.JSONField(_("purposes that need a new consent"), default=list)
    valid_from = models.DateTimeField(_("valid from"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("written down by"), null=True, related_name="+"
    )
    made_at = models.DateTimeField(_("made"))
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("terms")
        verbose_name_plural = _("terms")
        ordering = ["-valid_from", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["controller", "version"], nulls_distinct=False, name="a_version_of_terms_is_written_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.version}"
