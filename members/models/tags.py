"""WeCom's tags, and who bears them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from members.models.people import Member
from scrm.ids import PublicId
from scrm.wecom.models import Corp
from stores.scope import ScopedQuerySet


class TagGroup(models.Model):
    """A group of WeCom's corp tags."""

    store_path = None
    for_every_seat = True

    public_id = PublicId("tg_")
    corp = models.ForeignKey(Corp, models.CASCADE, verbose_name=_("corp"), related_name="+")
    group_id = models.CharField(_("WeCom id"), max_length=64)
    name = models.CharField(_("name"), max_length=60)
    rank = models.BigIntegerField(_("rank"), default=0)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag group")
        verbose_name_plural = _("tag groups")
        ordering = ["-rank", "name"]
        constraints = [models.UniqueConstraint(fields=["corp", "group_id"], name="a_tag_group_is_known_once")]

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """One of WeCom's corp tags."""

    store_path = None
    for_every_seat = True

    public_id = PublicId("t_")
    group = models.ForeignKey(TagGroup, models.CASCADE, verbose_name=_("group"), related_name="tags")
    tag_id = models.CharField(_("WeCom id"), max_length=64)
    name = models.CharField(_("name"), max_length=60)
    rank = models.BigIntegerField(_("rank"), default=0)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["-rank", "name"]
        constraints = [models.UniqueConstraint(fields=["group", "tag_id"], name="a_tag_is_known_once")]

    def __str__(self) -> str:
        return f"{self.group.name} / {self.name}"


class TagLibrary(models.Model):
    """When a corp's tags were last read, and since when they should be read again."""

    store_path = None

    corp = models.OneToOneField(Corp, models.CASCADE, verbose_name=_("corp"), related_name="+")
    read_due_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag library")
        verbose_name_plural = _("tag libraries")


class MemberTag(models.Model):
    """A tag on a member, with where it comes from: for WeCom's tags, the guide in whose relation it stands."""

    store_path = None  # born in one guide's relation: below HQ nobody lists tags until rows know their store

    member = models.ForeignKey(Member, models.CASCADE, verbose_name=_("customer"), related_name="member_tags")
    tag = models.ForeignKey(Tag, models.CASCADE, verbose_name=_("tag"), related_name="member_tags")
    source = models.CharField(_("source"), max_length=20, default="wecom")
    source_key = models.CharField(max_length=64, blank=True)
    since = models.DateTimeField(_("since"))
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag of a customer")
        verbose_name_plural = _("tags of customers")
        constraints = [
            models.UniqueConstraint(
                fields=["member", "tag", "source", "source_key"], name="a_tag_is_put_once_from_each_source"
            )
        ]
