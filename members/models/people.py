"""The customers: one person is one member, whatever ids she comes with."""

from typing import Any, Self

from django.db import models
from django.db.models import F, Min, OuterRef, Q, Subquery
from django.db.models.functions import Cast, Least
from django.utils.translation import gettext_lazy as _

from scrm.ids import PublicId
from scrm.sealed import SealedField
from scrm.wecom.models import Corp
from stores.models import Store
from stores.scope import ScopedQuerySet, scope_of


class MemberQuerySet(ScopedQuerySet):
    def visible_to(self, viewer: Any, *, needs: str = "") -> Self:
        """Whom the viewer may see; nobody sees those who were erased."""
        return super().visible_to(viewer, needs=needs).filter(erased_at=None)

    def since_known_to(self, viewer: Any) -> Self:
        """The members with `known_at`: since when the viewer's stores know each; HQ, since when anybody does.

        An owner does not hear that his new customer has long been somebody else's.
        """
        if scope_of(viewer).everything:
            return self.annotate(known_at=F("created_at"))
        relations: Any = self.model._meta.get_field("relations").related_model
        met = relations.objects.visible_to(viewer).filter(member=OuterRef("pk")).order_by().values("member")
        joined = Joining.objects.visible_to(viewer).filter(member=OuterRef("pk")).order_by().values("member")
        first = Subquery(met.annotate(first=Min("opened_at")).values("first"))
        day = Subquery(joined.annotate(first=Min("on")).values("first"))
        orders: Any = self.model._meta.get_field("orders").related_model
        sold = orders.objects.visible_to(viewer).filter(member=OuterRef("pk")).order_by().values("member")
        bought = Subquery(sold.annotate(first=Min("paid_at")).values("first"))
        return self.annotate(known_at=Least(first, Cast(day, models.DateTimeField()), bought))


class Member(models.Model):
    """A person we know."""

    seen_through = ("relations", "joinings", "orders")
    store_path = None
    personal = True

    class Gender(models.IntegerChoices):
        UNKNOWN = 0, _("unknown")
        MALE = 1, _("male")
        FEMALE = 2, _("female")

    public_id = PublicId("m_")
    name = models.CharField(_("name"), max_length=120, blank=True)
    avatar = models.URLField(_("picture"), max_length=500, blank=True)
    gender = models.SmallIntegerField(_("gender"), choices=Gender, default=Gender.UNKNOWN)
    same_person_as = models.ForeignKey(
        "self",
        models.SET_NULL,
        verbose_name=_("same person as"),
        null=True,
        blank=True,
        help_text=_("Another member with the same unionid, known before this one."),
    )
    created_at = models.DateTimeField(_("first known"))
    registered_at = models.DateTimeField(_("registered"), null=True, blank=True, editable=False)
    minor_until = models.DateField(_("a minor until"), null=True, blank=True, editable=False)
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True, editable=False)
    objects = MemberQuerySet.as_manager()
    called = ""  # without a name, as members.callings says

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")

    def __str__(self) -> str:
        return self.name or self.called or str(_("no name yet"))


class Identity(models.Model):
    """One id by which a member is known: an external_userid belongs to a corp, an openid to an app (`app`), a
    marketplace's id to the marketplace (`app`), the others to nobody.

    Of a phone, a card or a marketplace's id `value` is the blind index by which it is found, and `sealed` holds it in
    full. `member` bears the id; who claims it besides is an IdentityLink. Nobody bears what HQ said is hers no longer,
    until somebody else tells it.
    """

    seen_through = "member"
    store_path = None
    personal = True

    class Kind(models.TextChoices):
        EXTERNAL_USERID = "external_userid", _("WeCom external_userid")
        UNIONID = "unionid", _("WeChat unionid")
        PHONE = "phone", _("phone")
        CARD = "card", _("member card")
        OPENID = "openid", _("WeChat openid")  # of an app
        MARKETPLACE = "marketplace", _("marketplace id")  # of `app`, such as taobao

    member = models.ForeignKey(
        Member, models.CASCADE, verbose_name=_("customer"), related_name="identities", null=True, blank=True
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    corp = models.ForeignKey(Corp, models.PROTECT, verbose_name=_("corp"), null=True, related_name="+")
    app = models.CharField(_("app"), max_length=64, blank=True, default="", db_default="")
    value = models.CharField(_("value"), max_length=64)
    key_id = models.BinaryField(max_length=4, null=True, editable=False)  # whose index; null: before keys had ids
    sealed: Any = SealedField(null=True, editable=False)
    read_due_at = models.DateTimeField(_("to be read from WeCom"), null=True)
    read_at = models.DateTimeField(_("read from WeCom"), null=True)
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "corp", "value", "app"], nulls_distinct=False, name="an_identity_names_one_member"
            )
        ]
        indexes = [
            # The lane that reads customers from WeCom asks only for the due ones.
            models.Index(fields=["read_due_at"], condition=Q(read_due_at__isnull=False), name="identities_to_read"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value[:6]}…"


class Joining(models.Model):
    """The store at which a member joined, such as the one that gave her the card; its viewers may see her.

    Guides see their own customers only, and nobody's customer is not theirs.
    """

    store_path = "store"
    day_path = "on"
    personal = True
    not_for_guides = True

    member = models.ForeignKey(Member, models.CASCADE, verbose_name=_("customer"), related_name="joinings")
    store = models.ForeignKey(Store, models.PROTECT, verbose_name=_("store"), related_name="joinings")
    on = models.DateField(_("joined on"))
    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("joining")
        verbose_name_plural = _("joinings")
        constraints = [models.UniqueConstraint(fields=["member", "store"], name="a_member_joins_a_store_once")]

    def __str__(self) -> str:
        return f"{self.store} {self.on}"
