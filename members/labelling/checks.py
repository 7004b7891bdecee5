"""A sample of a tag, whom people look at one by one to say whether the tag is right."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from members import cards, samples, sights
from members.models import Member, SampledMember, TagSample
from scrm import clock
from scrm.audit import entries
from stores.access import Permission, demand


@login_required
@require_http_methods(["GET", "POST"])
def sample(request: HttpRequest, public_id: str) -> HttpResponse:
    """The drawn customers with what is said of each; POST writes verdicts."""
    demand(request.user, Permission.MANAGE_TAGS)
    found = get_object_or_404(TagSample.objects.select_related("tag__group", "by"), public_id=public_id)
    by: Any = request.user
    if request.method == "POST":
        said = [(int(name[5:]), request.POST[name]) for name in request.POST if _is_verdict(name)]
        samples.judge(found, said, by=by, at=clock.now())
        return redirect("members:tag", found.tag.public_id)
    rows = {row.member_id: row for row in found.sampled.all()}  # type: ignore[attr-defined]
    people = {one.pk: one for one in sights.people(request.user).filter(pk__in=rows)}
    shown = cards.of(request.user, [people[pk] for pk in rows if pk in people], at=clock.now())
    entries.record_read(request.user, Member._meta.label_lower, at=clock.now(), rows=len(shown), page="tag_sample")
    lines = [(card, rows[card.member.pk]) for card in shown]
    told = {"sample": found, "lines": lines, "says": SampledMember.Says.choices}
    return render(request, "members/labelling/sample.html", told)


def _is_verdict(name: str) -> bool:
    return name.startswith("says-") and name[5:].isdecimal() and len(name) < 20
