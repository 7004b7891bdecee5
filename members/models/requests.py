"""What people ask about their own data, and what is left of those whom we forgot."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models.people import Identity, Member
from scrm.ids import PublicId
from scrm.sealed import SealedField
from scrm.wecom.models import Corp
from stores.scope import ScopedQuerySet


class DataRequest(models.Model):
    """One thing that a person asks about her data (PIPL 44–48); HQ answers within the term."""

    store_path = None

    class Kind(models.TextChoices):
        EXPORT = "export", _("a copy of the data")
        CORRECT = "correct", _("correction")
        DELETE = "delete", _("erasure")
        RESTRICT = "restrict", _("restriction")

    class State(models.TextChoices):
        ASKED = "asked", _("waiting until it is known who asks")
        VERIFIED = "verified", _("to be worked on")
        APPROVED = "approved", _("approved")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")

    class Way(models.TextChoices):
        PAGE = "page", _("her own page")
        STORE = "store", _("in a store")
        PHONE = "phone", _("by phone")
        WECOM = "wecom", _("in WeCom")
        LETTER = "letter", _("in writing")
        API = "api", _("another system")

    class Proof(models.TextChoices):
        PHONE_CODE = "phone_code", _("a code sent to her phone")
        HER_LINK = "her_link", _("her personal link and the whole phone number")
        PAPERS = "papers", _("identity papers seen")
        KNOWN = "known", _("known to the guide in person")
        GUARDIAN = "guardian", _("guardian of a minor, papers seen")

    OPEN = (State.ASKED, State.VERIFIED, State.APPROVED)

    public_id = PublicId("q_")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ASKED)
    member = models.ForeignKey(Member, models.PROTECT, verbose_name=_("customer"), related_name="data_requests")
    way = models.CharField(_("asked"), max_length=10, choices=Way)
    asked_at = models.DateTimeField(_("asked at"))
    due_on = models.DateField(_("due"))
    note = SealedField(_("in her words"), null=True, blank=True)
    wanted: Any = SealedField(_("to be corrected"), null=True, editable=False)
    proof = models.CharField(_("who asks is known by"), max_length=10, choices=Proof, blank=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("written down by"), null=True, related_name="+"
    )
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("verified by"), null=True, related_name="+"
    )
    verified_at = models.DateTimeField(_("verified at"), null=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("approved by"), null=True, related_name="+"
    )
    approved_at = models.DateTimeField(_("approved at"), null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("answered by"), null=True, related_name="+"
    )
    closed_at = models.DateTimeField(_("answered at"), null=True)
    reason = models.CharField(_("reason of the refusal"), max_length=300, blank=True)
    result: Any = models.JSONField(_("what was done"), default=dict)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("request about data")
        verbose_name_plural = _("requests about data")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["member", "kind"],
                condition=Q(state__in=["asked", "verified", "approved"]),
                name="a_person_asks_for_one_thing_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(kind="delete", state__in=["approved", "done"])
                | (Q(approved_by__isnull=False) & ~Q(approved_by=models.F("verified_by"))),
                name="an_erasure_is_approved_by_another_person",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_on"], condition=Q(state__in=["asked", "verified", "approved"]), name="requests_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.public_id}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def link_by_id(self) -> int | None:
        """Who made the link to the page on which it was asked, where staff made one for her."""
        return self.opened_by_id if self.way == self.Way.PAGE else None


class Copy(models.Model):
    """A person's copy of her data, sealed, until its link runs out."""

    store_path = None

    public_id = PublicId("cp_")
    request = models.ForeignKey(DataRequest, models.CASCADE, verbose_name=_("request"), related_name="copies")
    made_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("made for"), null=True, related_name="+"
    )
    content: Any = models.BinaryField(editable=False)
    made_at = models.DateTimeField(_("made at"))
    expires_at = models.DateTimeField(_("until"))
    fetched = models.SmallIntegerField(_("fetched"), default=0)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("copy of a person's data")
        verbose_name_plural = _("copies of persons' data")


class Holiday(models.Model):
    """A day that is no working day although a weekday, or a working day although a weekend; HQ keeps the list."""

    store_path = None
    for_every_seat = True

    day = models.DateField(_("day"), unique=True)
    works = models.BooleanField(_("a working day"), default=False)
    name = models.CharField(_("name"), max_length=60, blank=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("holiday")
        verbose_name_plural = _("holidays")
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day} {self.name}".strip()


class Forgotten(models.Model):
    """An id of an erased person that WeCom still tells of, as a keyed digest: it leads to the emptied member.

    A new add ends it: then she is somebody new.
    """

    store_path = None

    corp = models.ForeignKey(Corp, models.PROTECT, verbose_name=_("corp"), related_name="+")
    digest = models.BinaryField(max_length=32)
    identity = models.OneToOneField(Identity, models.CASCADE, verbose_name=_("identity"), related_name="+")
    at = models.DateTimeField(_("erased"))
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("forgotten id")
        verbose_name_plural = _("forgotten ids")
        constraints = [models.UniqueConstraint(fields=["corp", "digest"], name="an_id_is_forgotten_once")]
