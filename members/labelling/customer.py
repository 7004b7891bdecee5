"""Parts of a customer's page: her tags with their evidence, and her fields."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from members import fields, sights, taggings, tags, wearings
from members.labelling import sentences
from members.models import Field, FieldChange, MemberTag, Tag
from scrm import clock
from scrm.audit import entries
from stores.access import Permission, demand
from stores.scope import scope_of


def seen(request: HttpRequest, public_id: str) -> sights.Sight:
    """The person whom the address names, or the 404 of one who never was."""
    if sight := sights.open_(request.user, public_id):
        return sight
    raise Http404


@login_required
@require_http_methods(["GET", "POST"])
def tags_of(request: HttpRequest, public_id: str) -> HttpResponse:
    """Her tags; POST puts one on or takes it off."""
    demand(request.user, Permission.SEE_CUSTOMERS)
    sight, wrong = seen(request, public_id), ""
    if request.method == "POST":
        demand(request.user, Permission.TAG_CUSTOMERS)
        tag = get_object_or_404(Tag.objects.select_related("group").filter(deleted_at=None), public_id=_tag_id(request))
        wrong = put(request.user, sight, tag) if request.POST.get("do") == "put" else take(request.user, sight, tag)
    at, q = clock.now(), request.GET.get("q", "").strip()[:60]
    worn = wearings.of(request.user, sight, at=at)
    told = {
        "sight": sight,
        "worn": worn,
        "waiting": [(one, sentences.refused(one.errcode)) for one in wearings.waiting(request.user, sight)],
        "offer": _offer(request.user, q, {one.tag.pk for one in worn}),
        "q": q,
        "wrong": wrong,
    }
    part = "_offer.html" if request.headers.get("HX-Target") == "offer" else "_tags.html"
    if part == "_tags.html":
        entries.record_read(request.user, sight.root, at=at, rows=len(worn), page="tags")
    return render(request, f"members/labelling/{part}", told)


def _offer(viewer: Any, q: str, worn: set[int]) -> list[Tag]:
    """What may be put on her still."""
    return [tag for tag in wearings.on_offer(q) if tag.pk not in worn] if viewer.may(Permission.TAG_CUSTOMERS) else []


def _tag_id(request: HttpRequest) -> str:
    return request.POST.get("tag", "")[:24]


def put(viewer: Any, sight: sights.Sight, tag: Tag) -> str:
    """Why the tag is not put on her, if it is not."""
    at = clock.now()
    try:
        if tag.kind == Tag.Kind.WECOM:
            asked = taggings.mark([sight.root.pk], tag, puts_on=True, by=viewer, at=at)
            return _("Nobody of yours is her friend at WeCom, so it has no place there.") if asked.unreachable else ""
        tags.put_on([sight.root.pk], tag, by=viewer, store=wearings.place_of(viewer, sight.circle), at=at)
    except (tags.NotOurs, LookupError):
        return _("This tag is not put on by hand.")
    return ""


def take(viewer: Any, sight: sights.Sight, tag: Tag) -> str:
    """Why the tag is not taken off, if it is not."""
    at = clock.now()
    if tag.kind == Tag.Kind.WECOM:
        taggings.mark([sight.root.pk], tag, puts_on=False, by=viewer, at=at)
        return ""
    hers = MemberTag.objects.filter(member__in=sight.circle, tag=tag, source=MemberTag.Source.OURS)
    if not scope_of(viewer, needs=Permission.TAG_CUSTOMERS).everything:
        hers = hers.visible_to(viewer, needs=Permission.TAG_CUSTOMERS)
    found = list(hers.select_related("store"))
    for row in found:
        tags.take_off_all([row.member_id], tag, by=viewer, store=row.store, at=at)
    return "" if found else _("HQ or another store put this on; only they take it off.")


@login_required
@require_http_methods(["GET", "POST"])
def fields_of(request: HttpRequest, public_id: str) -> HttpResponse:
    """Her fields; POST writes those that came."""
    demand(request.user, Permission.SEE_CUSTOMERS)
    sight, at = seen(request, public_id), clock.now()
    wrong = {}
    if request.method == "POST":
        demand(request.user, Permission.TAG_CUSTOMERS)
        wrong = _write(request, sight)
    shown = wearings.filled(request.user, sight, at=at)
    told = {
        "sight": sight,
        "fields": [(one, wrong.get(one.field.key, ""), request.POST.get(one.field.key)) for one in shown],
        "wrong": wrong,
        "saved": request.method == "POST" and not wrong,
        "changes": _changes(request.user, sight, shown),
        "may_write": request.user.may(Permission.TAG_CUSTOMERS),  # type: ignore[union-attr]
    }
    return render(request, "members/labelling/_fields.html", told)


def _write(request: HttpRequest, sight: sights.Sight) -> dict[str, str]:
    """What is wrong, by field; nothing is written unless all is well."""
    viewer: Any = request.user
    told, wrong = [], {}
    for one in Field.objects.filter(is_active=True):
        if f"has-{one.key}" not in request.POST:
            continue
        said: Any = request.POST.getlist(one.key) if one.kind == Field.Kind.CHOICES else request.POST.get(one.key)
        try:
            told.append(fields.Told(sight.root.pk, one, fields.read(one, said)))
        except fields.Wrong as error:
            wrong[one.key] = sentences.why(error)
    if not wrong:
        try:
            wearings.write(viewer, sight, told, source="page", at=clock.now())
        except LookupError:
            return {"": _("None of your stores knows her.")}
    return wrong


def _changes(viewer: Any, sight: sights.Sight, shown: list[wearings.Filled]) -> list[FieldChange]:
    """What was changed last, of fields that the viewer reads in full."""
    plain = [one.field.pk for one in shown if not one.is_masked and not one.field.is_personal]
    every = [one.field.pk for one in shown] if viewer.may("reveal_phones") else plain
    rows = FieldChange.objects.visible_to(viewer).filter(member__in=sight.circle, field__in=every)
    return list(rows.select_related("field", "by").order_by("-pk")[:10])
