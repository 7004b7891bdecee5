"""Which channel codes put which tags on customers: they would miss them."""

from collections.abc import Collection, Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from guides.models import Code
from members.taglives import Use


def tag_uses(tags: Collection[int]) -> Iterable[Use]:
    """The living codes that put on one of these tags."""
    through: Any = Code.tags.through.objects.filter(tag__in=tags, code__deleted_at=None)
    for tag, name, code in through.values_list("tag", "code__name", "code__public_id"):
        yield Use(tag, _("channel code"), name, reverse("guides:code", args=[code]))
