"""What WeCom is to be told about tags: of the library, and of customers. The rows are the queue."""

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models.people import Member
from members.models.tags import Tag, TagGroup
from scrm.ids import PublicId
from scrm.wecom.models import Corp
from stores.models import Person, Store
from stores.scope import Scope, ScopedQuerySet, scope_of


class TagChange(models.Model):
    """Something that HQ wants to be otherwise in a corp's tag library; one of a corp's is under way at a time."""

    store_path = None
    for_every_seat = True

    class Kind(models.TextChoices):
        CREATE = "create", _("new tags")
        EDIT = "edit", _("another name or place")
        DELETE = "delete", _("deletion")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        ASKED = "asked", _("WeCom is being asked")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused by WeCom")

    public_id = PublicId("tc_")
    corp = models.ForeignKey(Corp, models.CASCADE, verbose_name=_("corp"), related_name="+")
    group = models.ForeignKey(TagGroup, models.CASCADE, verbose_name=_("group"), null=True, related_name="changes")
    tag = models.ForeignKey(Tag, models.CASCADE, verbose_name=_("tag"), null=True, related_name="changes")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    # {"group_name"?, "tags"?: [{"name", "order"?}], "name"?, "order"?}
    wanted: Any = models.JSONField(_("wanted"), default=dict)
    before: Any = models.JSONField(_("before"), default=dict)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    errcode = models.IntegerField(_("code"), null=True)
    by = models.ForeignKey(Person, models.PROTECT, verbose_name=_("by"), null=True, related_name="+")
    at = models.DateTimeField(_("asked for"))
    settled_at = models.DateTimeField(_("settled"), null=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of a tag library")
        verbose_name_plural = _("changes of tag libraries")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["corp"], condition=Q(state="asked"), name="a_library_is_changed_one_by_one")
        ]
        indexes = [
            models.Index(fields=["corp", "id"], condition=Q(state="waiting"), name="library_changes_waiting"),
            models.Index(fields=["corp", "-settled_at"], name="library_changes_by_end"),
        ]


class TagRunQuerySet(ScopedQuerySet):
    def visible_to(self, viewer: Any, *, needs: str = "") -> Self:
        """HQ all; others their own, and those of a store where they may tag many themselves."""
        scope = scope_of(viewer, needs=needs or "tag_many")
        if scope.everything or scope == Scope():
            return self.all() if scope.everything else self.none()
        return self.filter(Q(by=viewer.pk) | self._in_scope(scope, viewer, "store"))


class TagRun(models.Model):
    """Tags put on or taken off many customers in WeCom, at the pace that WeCom allows; it can be paused."""

    store_path = "store"

    class State(models.TextChoices):
        RUNNING = "running", _("under way")
        PAUSED = "paused", _("paused")
        STOPPED = "stopped", _("stopped")
        DONE = "done", _("done")

    public_id = PublicId("tr_")
    name = models.CharField(_("name"), max_length=120, blank=True)
    tag = models.ForeignKey(Tag, models.PROTECT, verbose_name=_("tag"), related_name="runs")
    puts_on = models.BooleanField(_("put on"), default=True)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.RUNNING)
    store = models.ForeignKey(Store, models.PROTECT, verbose_name=_("store"), null=True, related_name="+")
    members = models.IntegerField(_("customers asked for"), default=0)
    unreachable = models.IntegerField(_("without a live relation"), default=0)
    unchanged = models.IntegerField(_("had it already"), default=0)
    done = models.IntegerField(_("done"), default=0, db_default=0)
    refused = models.IntegerField(_("refused"), default=0, db_default=0)
    todo = models.BinaryField(null=True, editable=False)  # the persons not yet looked at, as a bitmap
    by = models.ForeignKey(Person, models.PROTECT, verbose_name=_("by"), null=True, related_name="+")
    at = models.DateTimeField(_("begun"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    objects = TagRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag run")
        verbose_name_plural = _("tag runs")
        ordering = ["-id"]


class Marking(models.Model):
    """A corp tag to be put on or taken off a customer in her relation with one guide.

    Of a pair only one call is under way, so that what was wanted last is done last.
    """

    seen_through = "member"
    store_path = None
    personal = True

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        ASKED = "asked", _("WeCom is being asked")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused by WeCom")
        CANCELLED = "cancelled", _("not done any more")

    run = models.ForeignKey(TagRun, models.CASCADE, verbose_name=_("run"), null=True, related_name="markings")
    member = models.ForeignKey(Member, models.CASCADE, verbose_name=_("customer"), related_name="markings")
    tag = models.ForeignKey(Tag, models.CASCADE, verbose_name=_("tag"), related_name="+", db_index=False)
    corp = models.ForeignKey(Corp, models.CASCADE, verbose_name=_("corp"), related_name="+", db_index=False)
    userid = models.CharField(_("guide"), max_length=64)
    external_userid = models.CharField(max_length=64)
    puts_on = models.BooleanField(_("put on"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.WAITING)
    call_id = models.BigIntegerField(null=True)
    errcode = models.IntegerField(_("code"), null=True)
    by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", db_index=False)
    at = models.DateTimeField(_("asked for"))
    settled_at = models.DateTimeField(_("settled"), null=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag to be put on")
        verbose_name_plural = _("tags to be put on")
        indexes = [
            models.Index(fields=["corp", "id"], condition=Q(state="waiting"), name="markings_waiting"),
            models.Index(fields=["call_id"], condition=Q(state="asked"), name="markings_asked"),
            models.Index(
                fields=["corp", "userid", "external_userid"],
                condition=Q(state="asked"),
                name="markings_asked_of_a_pair",
            ),
        ]
