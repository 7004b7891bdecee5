"""Tags, and who bears them: WeCom's corp tags, tags of our own, and tags that a rule puts on."""

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models.people import Member
from scrm.ids import PublicId
from scrm.wecom.models import Corp
from stores.models import Person, Store
from stores.scope import ScopedQuerySet, scope_of


class TagGroup(models.Model):
    """A group of tags: WeCom's where it has a corp, ours where it has none."""

    store_path = None
    for_every_seat = True

    public_id = PublicId("tg_")
    corp = models.ForeignKey(Corp, models.CASCADE, verbose_name=_("corp"), related_name="+", null=True, blank=True)
    group_id = models.CharField(_("WeCom id"), max_length=64, null=True, blank=True)
    name = models.CharField(_("name"), max_length=60)
    rank = models.BigIntegerField(_("rank"), default=0)
    is_foreign = models.BooleanField(
        _("made elsewhere"), default=False, db_default=False, help_text=_("WeCom refused us: only who made it may.")
    )
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag group")
        verbose_name_plural = _("tag groups")
        ordering = ["-rank", "name"]
        constraints = [
            models.UniqueConstraint(fields=["corp", "group_id"], name="a_tag_group_is_known_once"),
            models.UniqueConstraint(
                fields=["name"], condition=Q(corp=None, deleted_at=None), name="our_tag_groups_have_names_of_their_own"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """One tag. `hits` and `uses` are counted by members.taglives, not by whoever shows them."""

    store_path = None
    for_every_seat = True

    class Kind(models.TextChoices):
        WECOM = "wecom", _("WeCom's corp tag")
        INTERNAL = "internal", _("our own tag")
        RULE = "rule", _("tag by rule")

    public_id = PublicId("t_")
    group = models.ForeignKey(TagGroup, models.CASCADE, verbose_name=_("group"), related_name="tags")
    kind = models.CharField(
        _("kind"), max_length=10, choices=Kind, default=Kind.WECOM, db_default=models.Value("wecom")
    )
    tag_id = models.CharField(_("WeCom id"), max_length=64, null=True, blank=True)
    name = models.CharField(_("name"), max_length=60)
    rank = models.BigIntegerField(_("rank"), default=0)
    says = models.CharField(_("what it means"), max_length=300, blank=True, db_default="")
    is_foreign = models.BooleanField(
        _("made elsewhere"), default=False, db_default=False, help_text=_("WeCom refused us: only who made it may.")
    )
    made_at = models.DateTimeField(_("made"), null=True, blank=True)
    used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    hits = models.IntegerField(_("customers"), default=0, db_default=0)
    uses = models.IntegerField(_("used by"), default=0, db_default=0)
    counted_at = models.DateTimeField(_("counted"), null=True, blank=True)
    deleted_at = models.DateTimeField(_("deleted"), null=True, blank=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["-rank", "name"]
        constraints = [
            models.UniqueConstraint(fields=["group", "tag_id"], name="a_tag_is_known_once"),
            models.UniqueConstraint(
                fields=["group", "name"],
                condition=Q(tag_id=None, deleted_at=None),
                name="our_tags_have_names_of_their_own_in_a_group",
            ),
        ]

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


class MemberTagQuerySet(ScopedQuerySet):
    def visible_to(self, viewer: Any, *, needs: str = "") -> Self:
        """HQ all; others what was born in their stores or in their relation with her, in which they see her.

        What HQ or a rule says of her is a derived value: members.wearings decides who hears it.
        """
        scope = scope_of(viewer, needs=needs or "see_customers")
        if scope.everything:
            return self.all()
        relations: Any = Member._meta.get_field("relations").related_model
        hers = relations.objects.visible_to(viewer, needs=needs).filter(member=models.OuterRef("member"))
        in_relation = Q(source=MemberTag.Source.WECOM) & models.Exists(
            hers.filter(guide__userid__iexact=models.OuterRef("source_key"))
        )
        of_her_guide = Q(store__isnull=False) & models.Exists(hers.filter(store=models.OuterRef("store")))
        return self.filter(in_relation | of_her_guide | self._in_scope(scope, viewer, "store"))


class MemberTag(models.Model):
    """A tag on a member, with where it was born: for WeCom's tags, the guide in whose relation it stands.

    `store` is where people of a store put it on; null of what WeCom, HQ or a rule says.
    """

    store_path = "store"
    not_for_guides = True  # but for those whose customer she is
    personal = True

    class Source(models.TextChoices):
        WECOM = "wecom", _("in WeCom")
        OURS = "ours", _("by our people")
        RULE = "rule", _("by rule")

    # The constraint below and the index of wearers begin with these.
    member = models.ForeignKey(
        Member, models.CASCADE, verbose_name=_("customer"), related_name="member_tags", db_index=False
    )
    tag = models.ForeignKey(Tag, models.CASCADE, verbose_name=_("tag"), related_name="member_tags", db_index=False)
    source = models.CharField(_("source"), max_length=20, choices=Source, default=Source.WECOM)
    source_key = models.CharField(max_length=64, blank=True)
    since = models.DateTimeField(_("since"))
    store = models.ForeignKey(
        Store, models.PROTECT, verbose_name=_("store"), null=True, related_name="+", db_index=False
    )
    by = models.ForeignKey(
        Person, models.PROTECT, verbose_name=_("put on by"), null=True, related_name="+", db_index=False
    )
    score = models.SmallIntegerField(_("score"), null=True)
    expires_at = models.DateTimeField(_("until"), null=True)
    objects = MemberTagQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag of a customer")
        verbose_name_plural = _("tags of customers")
        constraints = [
            models.UniqueConstraint(
                fields=["member", "tag", "source", "source_key"], name="a_tag_is_put_once_from_each_source"
            )
        ]
        indexes = [
            models.Index(fields=["tag", "member"], name="wearers_of_a_tag"),
            # Segments ask every second whose tags ran out since they last asked.
            models.Index(fields=["expires_at"], condition=Q(expires_at__isnull=False), name="tags_that_run_out"),
        ]


class TagEnd(models.Model):
    """A tag that a member bore until `at`: the row of MemberTag as it stood, and who took it off. What rules put on and
    take off is told by its score, and what goes with its tag by the library."""

    store_path = "store"
    not_for_guides = True  # as tags that are worn
    personal = True

    member = models.ForeignKey(Member, models.CASCADE, verbose_name=_("customer"), related_name="tag_ends")
    tag = models.ForeignKey(Tag, models.CASCADE, verbose_name=_("tag"), related_name="+", db_index=False)
    source = models.CharField(_("source"), max_length=20, choices=MemberTag.Source)
    source_key = models.CharField(max_length=64, blank=True)
    since = models.DateTimeField(_("since"))
    store = models.ForeignKey(
        Store, models.PROTECT, verbose_name=_("store"), null=True, related_name="+", db_index=False
    )
    put_on_by = models.ForeignKey(
        Person, models.PROTECT, verbose_name=_("put on by"), null=True, related_name="+", db_index=False
    )
    at = models.DateTimeField(_("taken off"))
    by = models.ForeignKey(
        Person, models.PROTECT, verbose_name=_("taken off by"), null=True, related_name="+", db_index=False
    )
    objects = MemberTagQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag taken off")
        verbose_name_plural = _("tags taken off")
