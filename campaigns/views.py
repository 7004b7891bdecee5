"""Parts of other apps' pages that speak of welcomes."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from campaigns import welcomes
from campaigns.models import Welcome
from guides.models import Code
from stores.access import Permission, demand


@login_required
@require_safe
def of_code(request: HttpRequest, public_id: str) -> HttpResponse:
    """What customers of a code are told, and where that is written."""
    demand(request.user, Permission.SEE_CODES)
    seen = Code.objects.visible_to(request.user).alive().select_related("store__region__brand").defer("qr_image")
    code = get_object_or_404(seen, public_id=public_id)
    place = (code.store_id, code.pk)
    welcome = welcomes.nearest(welcomes.in_use([place]), *place)
    names = {"store": code.store.name, "brand": code.store.region.brand.name, "guide": _("Cai")}
    mine = Welcome.objects.visible_to(request.user)
    changeable = request.user.has_perm("campaigns.change_welcome")  # type: ignore[union-attr]
    shown = {
        "code": code,
        "welcome": welcome,
        "text": welcomes.fill(welcome.text, names) if welcome else "",
        "may_add": changeable and not (welcome and welcome.code_id),
        "may_change": changeable and welcome is not None and mine.filter(pk=welcome.pk).exists(),
    }
    return render(request, "campaigns/_of_code.html", shown)
