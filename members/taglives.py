"""The life of tags: who uses them, how many bear them, which nobody needs. Counted by the night, not by the page."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from members import upstairs
from members.models import Tag

UNUSED_AFTER = timedelta(days=90)


class Use(NamedTuple):
    """Something that would miss a tag: what kind of thing, its name, and where it is shown."""

    tag: int
    what: Any
    name: str
    link: str = ""


class InUse(Exception):
    """Something uses the tag, so it stays."""

    def __init__(self, uses: Collection[Use]) -> None:
        super().__init__(len(uses))
        self.uses = list(uses)


def uses(tags: Collection[int]) -> dict[int, list[Use]]:
    """By tag, what uses it now: every floor knows its own."""
    found: dict[int, list[Use]] = defaultdict(list)
    for part in upstairs.told("TAG_USES"):
        for use in part.tag_uses(tags):
            found[use.tag].append(use)
    return dict(found)


def refuse_if_used(tags: Collection[int]) -> None:
    """Raises InUse where something uses one of the tags."""
    if found := [use for its in uses(tags).values() for use in its]:
        raise InUse(found)


# A person bears a tag once, whichever of her members and relations has it.
HITS = """
WITH worn AS (
    SELECT w.tag_id, count(DISTINCT coalesce(m.same_person_as_id, m.id)) AS n,
           max(w.since) FILTER (WHERE w.source <> 'rule') AS last
    FROM members_membertag w JOIN members_member m ON m.id = w.member_id AND m.erased_at IS NULL
    GROUP BY w.tag_id)
UPDATE members_tag t SET hits = coalesce(w.n, 0), counted_at = %(at)s, used_at = greatest(t.used_at, w.last)
FROM members_tag o LEFT JOIN worn w ON w.tag_id = o.id
WHERE t.id = o.id AND t.deleted_at IS NULL
"""


@transaction.atomic
def count(at: datetime) -> int:
    """How many tags were counted: who bears each, what uses it, and when it was last of use."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '15min'")
        cursor.execute(HITS, {"at": at})
        counted = int(cursor.rowcount)
    living = list(Tag.objects.filter(deleted_at=None).values_list("pk", flat=True))
    used = uses(living)
    for pks in (living[n : n + 1000] for n in range(0, len(living), 1000)):
        tags = list(Tag.objects.filter(pk__in=pks))
        for tag in tags:
            tag.uses = len(used.get(tag.pk, ()))
            tag.used_at = at if tag.uses else tag.used_at
        Tag.objects.bulk_update(tags, ["uses", "used_at"])
    return counted


def unused(at: datetime) -> QuerySet[Tag]:
    """The tags that nothing uses and nobody has put on for 90 days; those made since then are too young."""
    long_ago = at - UNUSED_AFTER
    idle = Q(used_at=None) | Q(used_at__lt=long_ago)
    living = Tag.objects.filter(idle, deleted_at=None, uses=0, group__deleted_at=None)
    return living.exclude(made_at__gte=long_ago).exclude(kind=Tag.Kind.RULE)


def known(uses_of: Iterable[Use]) -> str:
    """The things that use a tag, in a line."""
    return "、".join(f"{use.what} {use.name}".strip() for use in uses_of)
