"""The desk for customers and their tags: to look at; WeCom writes them."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from members import consents, identities, sights
from members import oneid_admin as oneid_admin  # registers its own
from members import standing_admin as standing_admin  # registers its own
from members.feeds import admin as feeds_admin  # noqa: F401
from members.models import Consent, Identity, Joining, Member, Tag, TagGroup
from members.segments import admin as segments_admin  # noqa: F401
from members.shop import admin as shop_admin  # noqa: F401
from scrm import clock
from stores.desks import ReadOnly, ScopedAdmin, ScopedInline
from stores.scope import scope_of


class IdentityInline(ReadOnly, ScopedInline):
    model = Identity
    fields = ("kind", "shown_value", "corp", "read_at")
    readonly_fields = ("shown_value",)

    def get_queryset(self, request: HttpRequest) -> Any:
        """What another house told is not a franchisee's to read."""
        seen = super().get_queryset(request)
        if sights.is_of_franchisee(request.user, at=clock.now()):
            number = request.resolver_match.kwargs.get("object_id", "") if request.resolver_match else ""
            hers = sights.ids(request.user, [int(number)] if number.isdecimal() else [], at=clock.now())
            return seen.filter(pk__in=hers.values("pk"))
        return seen

    @display(description=_("value"))
    def shown_value(self, identity: Identity) -> str:
        return identities.shown(identity)


class JoiningInline(ReadOnly, ScopedInline):
    model = Joining
    fields = ("store", "on")


class ConsentInline(ReadOnly, ScopedInline):
    model = Consent
    fk_name = "member"
    fields: Any = ("purpose", "controller", "state", "terms", "at", "source", "evidence")
    readonly_fields = fields
    ordering = ("-at", "-id")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Where the proof lies may name the store that asked: HQ alone reads that."""
        return self.fields if scope_of(request.user).everything else self.fields[:-1]


class AllowedFilter(admin.SimpleListFilter):
    """Who ever allowed anything, and who never did."""

    title = _("consent")
    parameter_name = "consent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("some", _("on record")), ("none", _("none on record"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        heard = Consent.objects.told_to(request.user)
        given = Exists(heard.filter(member=OuterRef("pk"), state=Consent.State.GIVEN))
        wanted = {"some": given, "none": ~given}.get(self.value() or "")
        return queryset.filter(wanted) if wanted is not None else queryset


@admin.register(Member)
class MemberAdmin(ReadOnly, ScopedAdmin):
    paginator = InfinitePaginator  # counting millions would take longer than showing fifty
    list_display = ("shown_name", "shown_gender", "created_at")
    list_filter = (("gender", ChoicesDropdownFilter), AllowedFilter)
    search_fields = ("name", "identities__value")
    search_help_text = _("Name, external_userid, or a whole phone or card number")
    ordering = ("-id",)
    inlines: tuple[Any, ...] = (
        IdentityInline,
        JoiningInline,
        ConsentInline,
    )  # guides adds its relations, a floor above

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = self.list_display
        return shown if scope_of(request.user).everything else [name for name in shown if name != "created_at"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who else she is and since when may be other stores' doing: HQ alone sees that."""
        more = ("created_at", "same_person_as") if scope_of(request.user).everything else ()
        book = ("looked_at_by",) if request.user.has_perm("audit.view_entry") else ()  # type: ignore[union-attr]
        return ("name", "gender", "allows", *more, *book)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("looked_at_by", "allows")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> Any:
        """A whole phone or card is looked for by its index; parts of one are nowhere to be found."""
        known = identities.anybody(search_term)
        if known and (found := queryset.filter(pk__in=known)).exists():
            return found, False
        return super().get_search_results(request, queryset, search_term)

    @display(description=_("may be contacted for"))
    def allows(self, member: Member) -> str:
        """What she allows the brand at present; without a word of hers that is nothing."""
        said = consents.present(member, at=clock.now())
        given = [
            str(Consent.Purpose(p).label) for (p, controller), s in said.items() if s == "given" and not controller
        ]
        return "、".join(given) or str(_("nothing: no consent on record"))

    @display(description=_("in the audit book"))
    def looked_at_by(self, member: Member) -> str:
        place = reverse("admin:audit_entry_changelist")
        link = '<a class="text-primary-600 dark:text-primary-500" href="{}?customer={}">{}</a>'
        return format_html(link, place, member.public_id, _("Who looked at this customer"))

    @display(description=_("customer"), ordering="name")
    def shown_name(self, member: Member) -> str:
        return str(member)

    @display(description=_("gender"), ordering="gender")
    def shown_gender(self, member: Member) -> str:
        return str(member.get_gender_display()) if member.gender else "—"


class TagInline(ReadOnly, ScopedInline):
    model = Tag
    fields = ("name", "tag_id", "deleted_at")


@admin.register(TagGroup)
class TagGroupAdmin(ReadOnly, ScopedAdmin):
    list_display = ("name", "corp", "shown_tags")
    search_fields = ("name", "tags__name")
    fields = ("name", "corp", "deleted_at")
    inlines = (TagInline,)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("tags")

    @display(description=_("tags"))
    def shown_tags(self, group: Any) -> str:
        return "、".join(tag.name for tag in group.tags.all() if not tag.deleted_at)
