"""The doctor's page: the list at once, each check by itself, so that a slow one holds up nobody."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from scrm import clock
from scrm.doctor import checks
from scrm.wecom.models import Corp
from stores.access import Permission, demand


@login_required
@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    demand(request.user, Permission.MANAGE_WECOM)
    corps = list(Corp.objects.order_by("pk"))
    of_corp = [check for check in checks.CHECKS if check.of_corp]
    groups = [(corp, of_corp) for corp in corps]
    groups.append((None, [check for check in checks.CHECKS if not check.of_corp]))  # type: ignore[arg-type]
    return render(request, "doctor/page.html", {"groups": groups, "at": clock.now()})


@login_required
@never_cache
@require_safe
def result(request: HttpRequest) -> HttpResponse:
    """One check, made now."""
    demand(request.user, Permission.MANAGE_WECOM)
    check = checks.BY_NAME.get(request.GET.get("check", ""))
    if check is None:
        raise Http404
    corp = get_object_or_404(Corp, corp_id=request.GET.get("corp", "")) if check.of_corp else None
    found = checks.examine(check, corp, at=clock.now())
    return render(request, "doctor/_result.html", {"result": found, "check": check, "corp": corp, "at": clock.now()})
