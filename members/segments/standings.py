"""Where she stands with the brand: what rules may ask of her stage of life, her grades and their scores."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models import Grade, Stage
from members.segments import conditions as c
from members.segments import families as f
from members.segments import meanings
from members.segments.conditions import Choice, Condition, Leaf, Op
from members.segments.families import Family, Question, Statement, Whom
from members.segments.trees import All, Either, Has, Tree
from stores.models import Store

LIFE = _("Life cycle")
SHOWN = 50
STAGES = {stage: n for n, stage in enumerate(Stage.values)}
GRADES = {grade: n for n, grade in enumerate(Grade.values)}


def _case(column: str, keys: dict[str, int]) -> str:
    """SQL that turns words of ours into their keys."""
    whens = " ".join(f"WHEN '{word}' THEN {key}" for word, key in keys.items())
    return f"CASE {column} {whens} END"


STAGE = Family(
    "stage",
    f.plain("members_memberstage", _case("x.stage", STAGES)),
    frozenset({"stage"}),
    keys=lambda: tuple(STAGES.values()),
)
GRADE = Family(
    "grade",
    f.plain("members_membergrade", _case("x.grade", GRADES), "x.store_id IS NULL"),
    frozenset({"grade"}),
    keys=lambda: GRADES.values(),
)


def _scores(whom: Whom) -> Iterable[Statement]:
    for axis, column in enumerate(("score_r", "score_f", "score_m")):
        key = f"{10 * axis} + x.{column}"
        yield from f.plain("members_membergrade", key, f"x.store_id IS NULL AND x.{column} BETWEEN 1 AND 5")(whom)


RFM = Family(
    "rfm", _scores, frozenset({"grade"}), keys=lambda: tuple(10 * a + n for a in range(3) for n in range(1, 6))
)


def _rfm(leaf: Leaf, day: date) -> Tree:
    """Each axis that is named, at least or at most so much."""
    where = leaf.get("where") or {}
    if not where:
        raise c.Unknown("r, f, m")
    parts: list[Tree] = []
    for axis, name in enumerate("rfm"):
        if name in where:
            low = int(where[name])
            scores = range(low, 6) if leaf["op"] == "at_least" else range(1, low + 1)
            parts.append(Either(tuple(Has("rfm", 10 * axis + n) for n in scores)))
    return All(tuple(parts))


def _at_stores(params: dict[str, Any], whom: Whom) -> Statement:
    sql = f"""SELECT {f.ROOT} AS root FROM members_membergrade x {f.SAME}
              WHERE x.grade = ANY(%(grade)s) AND x.store_id = ANY(%(store)s) {whom.among("x.member_id")}"""
    return sql, {**whom.asked, **params}


GRADE_AT = Question("grade_at", _at_stores, frozenset({"grade"}))


def _graded(leaf: Leaf, day: date) -> Tree:
    """Of the brand; where stores are named, of any of these."""
    found = meanings.keys("grade", GRADES)(leaf, day)
    if "store" not in (leaf.get("where") or {}):
        return found
    stores = sorted(meanings.ids_of(Store.objects.all(), leaf["where"]["store"]))
    return meanings.chosen(leaf["op"], [meanings.asked("grade_at", grade=sorted(leaf["value"]), store=stores)])


def _stores(viewer: Any, text: str = "") -> list[Choice]:
    rows = Store.objects.filter(Q(name__icontains=text) | Q(code__istartswith=text)).order_by("code")
    return list(rows.values_list("public_id", "name")[:SHOWN])


CONDITIONS = (
    Condition(
        "stage",
        _("stage"),
        LIFE,
        (c.IS_ANY, c.IS_NONE),
        meanings.keys("stage", STAGES),
        c.label_choices(Stage.choices),
        families=(STAGE,),
    ),
    Condition(
        "grade",
        _("grade"),
        LIFE,
        (c.IS_ANY, c.IS_NONE),
        _graded,
        c.label_choices(Grade.choices),
        where={"store": "choices"},
        where_choices={"store": _stores},
        families=(GRADE,),
        questions=(GRADE_AT,),
    ),
    Condition(
        "rfm",
        _("RFM score"),
        LIFE,
        (Op("at_least", _("each at least"), "nothing"), Op("at_most", _("each at most"), "nothing")),
        _rfm,
        where={"r": "number", "f": "number", "m": "number"},
        families=(RFM,),
    ),
)
