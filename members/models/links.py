"""Why members are thought to be one person: claims, decisions, and the merges that follow. None is ever deleted."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from members.models.people import Identity, Member
from scrm.ids import PublicId
from scrm.sealed import SealedField
from stores.models import Store
from stores.scope import ScopedQuerySet


class IdentityLink(models.Model):
    """A source says that a member has this id; whoever bears it (`Identity.member`) claims it without a row as well.

    Where HQ said that it is hers no longer (`ended_for`), no source brings the claim back unless she proves it anew.
    """

    seen_through = "member"
    store_path = None
    personal = True

    class Ending(models.TextChoices):
        RECYCLED = "recycled", _("the carrier gave the number to somebody else")
        RETURNED = "returned", _("the card was given back")
        GIVEN_UP = "given_up", _("she gave it up")
        MISTAKEN = "mistaken", _("it never was hers: a slip or a mix-up")

    identity = models.ForeignKey(Identity, models.CASCADE, verbose_name=_("identity"), related_name="links")
    member = models.ForeignKey(Member, models.CASCADE, verbose_name=_("customer"), related_name="links")
    source = models.CharField(_("source"), max_length=40)
    evidence = models.JSONField(_("evidence"), default=dict, blank=True)  # ids of ours, never a name or a number
    verified = models.BooleanField(_("verified"), default=False, help_text=_("The customer proved that it is hers."))
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"), null=True)
    ended_for = models.CharField(
        _("ended because"), max_length=10, choices=Ending, blank=True, db_default="", default=""
    )
    ended_at = models.DateTimeField(_("ended on"), null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("ended by"),
        null=True,
        related_name="+",
        db_index=False,
    )
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("claim of an identity")
        verbose_name_plural = _("claims of identities")
        constraints = [
            models.UniqueConstraint(
                fields=["identity", "member", "source"], name="a_source_claims_an_identity_once_for_a_member"
            )
        ]

    def __str__(self) -> str:
        return f"{self.identity} {self.source}"


class Telling(models.Model):
    """A franchisee's store told this id, so its people know it; what others told needs her word to be shared."""

    store_path = "store"
    personal = True

    identity = models.ForeignKey(Identity, models.CASCADE, verbose_name=_("identity"), related_name="tellings")
    store = models.ForeignKey(Store, models.PROTECT, verbose_name=_("store"), related_name="+")
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("store that told an identity")
        verbose_name_plural = _("stores that told an identity")
        constraints = [
            models.UniqueConstraint(fields=["identity", "store"], name="a_store_tells_an_identity_once_only"),
        ]

    def __str__(self) -> str:
        return f"{self.identity} {self.store}"


class Rule(models.TextChoices):
    """Why two members are one person."""

    DECISION = "decision", _("somebody at HQ says so")
    UNIONID = "unionid", _("the same WeChat unionid")
    EXTERNAL_USERID = "external_userid", _("the same WeCom external_userid")
    CARD = "card", _("the same member card")
    OPENID = "openid", _("the same WeChat openid")
    MARKETPLACE = "marketplace", _("the same marketplace id")
    PHONE = "phone", _("the same verified phone")


class Merge(models.Model):
    """From an instant on a member (`loser`) is the same person as another (`winner`), until it is undone."""

    seen_through = "loser"
    store_path = None
    personal = True

    public_id = PublicId("mg_")
    winner = models.ForeignKey(Member, models.CASCADE, verbose_name=_("surviving customer"), related_name="won")
    loser = models.ForeignKey(Member, models.CASCADE, verbose_name=_("merged customer"), related_name="lost")
    rule = models.CharField(_("rule"), max_length=20, choices=Rule)
    identity = models.ForeignKey(Identity, models.SET_NULL, verbose_name=_("evidence"), null=True, related_name="+")
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    at = models.DateTimeField(_("merged at"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("by"), null=True, related_name="+")
    undone_at = models.DateTimeField(_("undone at"), null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("undone by"), null=True, related_name="+"
    )
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        constraints = [
            models.UniqueConstraint(
                fields=["loser"], condition=Q(undone_at=None), name="a_member_is_merged_into_one_at_a_time"
            ),
            models.CheckConstraint(condition=~Q(winner=F("loser")), name="nobody_is_merged_into_herself"),
        ]

    def __str__(self) -> str:
        return self.public_id


class Review(models.Model):
    """Two members (`low` is the smaller key) of whom somebody at HQ says, or is asked, whether they are one person."""

    seen_through = "low"
    store_path = None
    personal = True

    class State(models.TextChoices):
        OPEN = "open", _("to be decided")
        LATER = "later", _("later")
        SAME = "same", _("the same person")
        NOT_SAME = "not_same", _("two people")
        GONE = "gone", _("settled by itself")

    class Why(models.TextChoices):
        PHONE = "phone", _("The same phone, which nobody verified")
        VETO = "veto", _("They share an id, but other ids of theirs contradict each other")
        LIMIT = "limit", _("They share an id, but one person would have too many of a kind")
        PERSON = "person", _("Somebody decided it without being asked")

    public_id = PublicId("rv_")
    low = models.ForeignKey(Member, models.CASCADE, verbose_name=_("customer"), related_name="+")
    high = models.ForeignKey(Member, models.CASCADE, verbose_name=_("customer"), related_name="+")
    why = models.CharField(_("why"), max_length=10, choices=Why)
    against = models.CharField(_("what contradicts"), max_length=20, blank=True, choices=Identity.Kind)
    identity = models.ForeignKey(Identity, models.SET_NULL, verbose_name=_("shared id"), null=True, related_name="+")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    at = models.DateTimeField(_("since"))
    decided_at = models.DateTimeField(_("decided at"), null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("by"), null=True, related_name="+")
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("question whether two are one")
        verbose_name_plural = _("questions whether two are one")
        constraints = [
            models.UniqueConstraint(fields=["low", "high"], name="two_members_are_asked_about_once"),
            models.CheckConstraint(condition=Q(low__lt=F("high")), name="the_smaller_key_stands_first"),
        ]
        indexes = [
            models.Index(
                fields=["state", "at", "id"], condition=Q(state__in=["open", "later"]), name="reviews_to_work"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class BlockedValue(models.Model):
    """An id that says nothing about who somebody is, such as a shop's own phone; or that does, against the rule."""

    store_path = None
    for_every_seat = False

    class Reason(models.TextChoices):
        STORE = "store", _("a phone of a store")
        GUIDE = "guide", _("a phone of a guide")
        TEST = "test", _("a number for trials")
        SHARED = "shared", _("claimed by too many customers")
        OTHER = "other", _("another reason")

    kind = models.CharField(_("kind"), max_length=20, choices=Identity.Kind)
    app = models.CharField(_("app"), max_length=64, blank=True)
    value = models.CharField(_("value"), max_length=64)
    sealed: Any = SealedField(null=True, editable=False)  # of a blind index: in full, to be indexed anew
    key_id = models.BinaryField(max_length=4, null=True, editable=False)
    shown = models.CharField(_("value"), max_length=64)  # masked
    reason = models.CharField(_("reason"), max_length=10, choices=Reason)
    blocks = models.BooleanField(_("blocked"), default=True, help_text=_("No: it counts whatever the rule says."))
    at = models.DateTimeField(_("since"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("by"), null=True, related_name="+")
    store = models.ForeignKey(Store, models.CASCADE, verbose_name=_("store"), null=True, related_name="+")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("colleague"), null=True, related_name="+"
    )
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("blocked id")
        verbose_name_plural = _("blocked ids")
        constraints = [models.UniqueConstraint(fields=["kind", "app", "value"], name="an_id_is_blocked_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.shown}"
