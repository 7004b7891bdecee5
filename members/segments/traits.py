"""Who she is: what rules may ask of the person, her tags, what she allows, and other segments."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members import allowances
from members.models import Consent, Member, Segment, Tag, TagGroup
from members.segments import conditions as c
from members.segments import families as f
from members.segments import meanings
from members.segments.conditions import Choice, Condition, Leaf, Op
from members.segments.families import PERSON, Family, Question, Statement, Whom
from members.segments.trees import Has, In, Not, Tree
from stores.models import Tier

WHO, LABELS, RIGHTS = _("The person"), _("Tags and fields"), _("Consent")
SHOWN = 50
TIERS = tuple(range(10))
PURPOSES = {purpose: n for n, purpose in enumerate(Consent.Purpose.values)}
GENDERS = {"unknown": 0, "male": 1, "female": 2}


# --- the person ---------------------------------------------------------------------------------------------------


def _persons(key: str, where: str = "true") -> Any:
    """Rows of surviving members themselves."""

    def rows(whom: Whom) -> Iterable[Statement]:
        alive = "x.same_person_as_id IS NULL AND x.erased_at IS NULL"
        among = whom.among("x.id")
        yield f"SELECT {key} AS key, x.id AS root FROM members_member x WHERE {alive} AND {where} {among}", whom.asked

    return rows


def _known(whom: Whom) -> Iterable[Statement]:
    """Few were merged: those alone are summed, not everybody."""
    first = f.day_number("(least(x.created_at, o.created_at) AT TIME ZONE 'Asia/Shanghai')::date")
    yield (
        f"""SELECT {first} AS key, x.id AS root FROM members_member x LEFT JOIN (
                SELECT x.same_person_as_id AS id, min(x.created_at) AS created_at FROM members_member x
                WHERE x.same_person_as_id IS NOT NULL {whom.among("x.id")} GROUP BY 1
            ) o ON o.id = x.id WHERE x.same_person_as_id IS NULL {whom.among("x.id")}""",
        whom.asked,
    )


def _registered(whom: Whom) -> Iterable[Statement]:
    among = whom.among("x.id")
    yield (
        f"SELECT 1 AS key, coalesce(x.same_person_as_id, x.id) AS root FROM members_member x "
        f"WHERE x.registered_at IS NOT NULL {among}",
        whom.asked,
    )


ALL = Family("all", _persons("0"), frozenset({PERSON}), keys=lambda: (0,))
GENDER = Family("gender", _persons("x.gender"), frozenset({PERSON}), keys=lambda: (0, 1, 2))
REGISTERED = Family("registered", _registered, frozenset({PERSON}), keys=lambda: (1,))
KNOWN = Family("known", _known, frozenset({PERSON}), bits=f.DAY_BITS)
TIER = Family("tier", f.plain("members_home", "x.city_tier"), frozenset({"home"}), keys=lambda: TIERS)
# A tag whose time is over is no tag, whether or not its row was taken off by now.
LASTS = "(x.expires_at IS NULL OR x.expires_at > %(at)s)"
TAG = Family("tag", f.plain("members_membertag", "x.tag_id", LASTS), frozenset({"tag"}), frozenset({"tag"}))

# A word is said a moment before it is committed, and a fold is told the time a moment before it looks: without these a
# word between the two would be taken for one of the future, and its note be gone.
AHEAD = timedelta(minutes=1)


def _allowing(whom: Whom) -> Iterable[Statement]:
    members = None if whom.members is None else list(whom.members)
    for purpose, key in PURPOSES.items():
        sql, asked = allowances.allowing(purpose, at=whom.at + AHEAD, members=members)
        yield f"SELECT {key} AS key, root FROM ({sql}) allowed", asked


CONSENT = Family(
    "consent", _allowing, frozenset({"consent", "relation", "note", "terms"}), keys=lambda: PURPOSES.values()
)


# --- tags ---------------------------------------------------------------------------------------------------------


def _scored(params: dict[str, Any], whom: Whom) -> Statement:
    sql = f"""SELECT {f.ROOT} AS root FROM members_membertag x {f.SAME}
              WHERE x.tag_id = %(tag)s AND x.score >= %(score)s AND {LASTS} {whom.among("x.member_id")}"""
    return sql, {**whom.asked, **params}


TAG_SCORE = Question("tag_score", _scored, frozenset({"tag"}))


def _of_group(params: dict[str, Any], whom: Whom) -> Statement:
    sql = f"""SELECT {f.ROOT} AS root FROM members_membertag x {f.SAME}
              WHERE x.tag_id IN (SELECT id FROM members_tag WHERE group_id = %(group)s AND deleted_at IS NULL)
                AND {LASTS} {whom.among("x.member_id")}"""
    return sql, {**whom.asked, **params}


TAG_GROUP = Question("tag_group", _of_group, frozenset({"tag", "labels"}))


def _grouped(leaf: Leaf, day: date) -> Tree:
    ids = meanings.ids_of(TagGroup.objects.all(), leaf["value"])
    return meanings.chosen(leaf["op"], [meanings.asked("tag_group", group=pk) for pk in ids])


def _groups(viewer: Any, text: str = "") -> list[Choice]:
    rows = TagGroup.objects.filter(deleted_at=None, name__icontains=text).order_by("name", "pk")
    return list(rows.values_list("public_id", "name")[:SHOWN])


def _groups_named(values: Sequence[str]) -> dict[str, str]:
    return dict(TagGroup.objects.filter(public_id__in=list(values)).values_list("public_id", "name"))


def _tagged(leaf: Leaf, day: date) -> Tree:
    ids = meanings.ids_of(Tag.objects.all(), leaf["value"])
    score = leaf.get("min_score")
    sets = [Has("tag", pk) if score is None else meanings.asked("tag_score", tag=pk, score=score) for pk in ids]
    return meanings.chosen(leaf["op"], sets)


def _tags(viewer: Any, text: str = "") -> list[Choice]:
    rows = Tag.objects.filter(deleted_at=None, group__deleted_at=None).select_related("group")
    if text:
        rows = rows.filter(Q(name__icontains=text) | Q(group__name__icontains=text))
    return [(tag.public_id, f"{tag.group.name} / {tag.name}") for tag in rows.order_by("group__name", "name")[:SHOWN]]


def _tags_named(values: Sequence[str]) -> dict[str, str]:
    return dict(Tag.objects.filter(public_id__in=list(values)).values_list("public_id", "name"))


# --- other segments -----------------------------------------------------------------------------------------------


def _segment(leaf: Leaf, day: date) -> Tree:
    sets: list[Tree] = [In(pk) for pk in meanings.ids_of(Segment.objects.filter(archived_at=None), leaf["value"])]
    found = meanings.chosen("has_any", sets)
    return Not(found) if leaf["op"] == "not_in" else found


def _segments(viewer: Any, text: str = "") -> list[Choice]:
    return list(Segment.objects.live().filter(name__icontains=text).values_list("public_id", "name")[:SHOWN])


def _segments_named(values: Sequence[str]) -> dict[str, str]:
    return dict(Segment.objects.filter(public_id__in=list(values)).values_list("public_id", "name"))


# --- consent ------------------------------------------------------------------------------------------------------


def _allowed(leaf: Leaf, day: date) -> Tree:
    op = {"allows": "has_all", "not_allows": "has_none"}[leaf["op"]]
    return meanings.keys("consent", PURPOSES)({**leaf, "op": op}, day)


def _is_registered(leaf: Leaf, day: date) -> Tree:
    return Has("registered", 1) if leaf["value"] else Not(Has("registered", 1))


CONDITIONS = (
    Condition(
        "tag",
        _("tag"),
        LABELS,
        (c.HAS_ANY, c.HAS_ALL, c.HAS_NONE),
        _tagged,
        _tags,
        _tags_named,
        min_score=True,
        families=(ALL, TAG),
        questions=(TAG_SCORE,),
    ),
    Condition(
        "tag_group",
        _("group of her tags"),
        LABELS,
        (c.HAS_ANY, c.HAS_ALL, c.HAS_NONE),
        _grouped,
        _groups,
        _groups_named,
        questions=(TAG_GROUP,),
    ),
    Condition(
        "gender",
        _("gender"),
        WHO,
        (c.IS_ANY, c.IS_NONE),
        meanings.keys("gender", GENDERS),
        c.label_choices([(word, Member.Gender(n).label) for word, n in GENDERS.items()]),
        families=(GENDER,),
    ),
    Condition(
        "city_tier",
        _("city tier"),
        WHO,
        (c.IS_ANY, c.IS_NONE),
        meanings.keys("tier", {str(n): n for n in TIERS}),
        c.label_choices(Tier.choices),
        families=(TIER,),
    ),
    Condition("registered", _("is a member"), WHO, (c.IS,), _is_registered, families=(REGISTERED,)),
    Condition(
        "known",
        _("first known"),
        WHO,
        (c.WITHIN, c.NOT_WITHIN, c.BETWEEN_DAYS),
        meanings.day_of_leaf("known", f.DAY_BITS),
        families=(KNOWN,),
    ),
    Condition(
        "consent",
        _("consent"),
        RIGHTS,
        (Op("allows", _("allows all of"), "choices"), Op("not_allows", _("allows none of"), "choices")),
        _allowed,
        c.label_choices(Consent.Purpose.choices),
        families=(CONSENT,),
    ),
    Condition(
        "segment",
        _("segment"),
        LABELS,
        (Op("in", _("is in any of"), "choices"), Op("not_in", _("is in none of"), "choices")),
        _segment,
        _segments,
        _segments_named,
    ),
)
