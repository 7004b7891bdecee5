"""Which segments, and which runs under way, speak of which tags and fields."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from members.models import Segment, Tag, TagRun
from members.taglives import Use


def tag_uses(tags: Collection[int]) -> Iterable[Use]:
    """The living segments whose rule asks for one of these tags, or for a group that would be left without any; and the
    runs that still put one on."""
    names = dict(Tag.objects.filter(pk__in=tags).values_list("public_id", "pk"))
    others = Tag.objects.filter(group=OuterRef("group"), deleted_at=None).exclude(pk__in=tags)
    last = Tag.objects.filter(~Exists(others), pk__in=tags, deleted_at=None)
    names |= dict(last.values_list("group__public_id", "pk"))
    for segment in Segment.objects.live().select_related("version"):
        for word in {word for word in said(segment.version.rule) if word in names}:
            yield Use(names[word], _("segment"), segment.name)
    open_runs = TagRun.objects.filter(tag__in=tags, state__in=[TagRun.State.RUNNING, TagRun.State.PAUSED])
    for run in open_runs:
        yield Use(run.tag_id, _("tag run"), run.name, reverse("members:tag_run", args=[run.public_id]))


def field_uses(key: str) -> list[str]:
    """The names of living segments whose rule asks for this field."""
    asked = f"field:{key}"
    found = Segment.objects.live().select_related("version").order_by("name")
    return [segment.name for segment in found if asked in set(said(segment.version.rule))]


def said(rule: Any) -> Iterator[str]:
    """Every word that stands in a rule."""
    if isinstance(rule, str):
        yield rule
    elif isinstance(rule, dict):
        for part in rule.values():
            yield from said(part)
    elif isinstance(rule, list):
        for part in rule:
            yield from said(part)
