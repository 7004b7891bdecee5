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
