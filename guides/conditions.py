"""What a segment may ask of guides, stores and regions: whose customer she is, where, since when."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from guides.models import Guide
from members.segments import conditions as c
from members.segments import families as f
from members.segments import meanings
from members.segments.conditions import Choice, Condition, Leaf, Op
from members.segments.families import Family, Question, Statement, Whom
from members.segments.trees import All, Either, Has, Not, Tree
from stores.models import Region, Store

WHERE = _("Guides and stores")
SHOWN = 50
LIVE, EVER = 1, 2
RELATION = frozenset({"relation"})
MET = "x.state <> 'half'"


def _states(whom: Whom) -> Iterable[Statement]:
    yield from f.plain("guides_relation", str(EVER), MET)(whom)
    yield from f.plain("guides_relation", str(LIVE), "x.state = 'live'")(whom)


def _places(whom: Whom) -> Iterable[Statement]:
    """Every store that knows her: by a relation, a joining or an order."""
    for table in ("guides_relation", "members_joining", "members_order"):
        yield from f.plain(table, "x.store_id", "x.store_id IS NOT NULL AND x.member_id IS NOT NULL")(whom)


def _regions(whom: Whom) -> Iterable[Statement]:
    """The region of every such store, as the stores stand now."""
    for sql, asked in _places(whom):
        yield f"SELECT s.region_id AS key, root FROM ({sql}) p JOIN stores_store s ON s.id = p.key", asked


RELATIONS = Family("relation", _states, RELATION, keys=lambda: (LIVE, EVER))
ADDED = Family(
    "added",
    f.summed("guides_relation", f.day_number("max(x.added_day)"), "x.added_day IS NOT NULL"),
    RELATION,
    bits=f.DAY_BITS,
)
PLACES = frozenset({"relation", "joining", "order"})
STORES = Family("store", _places, PLACES, hinted=PLACES, whole=True)
REGIONS = Family(
    "region", _regions, PLACES | {"regions"}, keys=lambda: Region.objects.order_by("pk").values_list("pk", flat=True)
)


def _of_guide(params: dict[str, Any], whom: Whom) -> Statement:
    sql = f"""SELECT {f.ROOT} AS root FROM guides_relation x {f.SAME}
              WHERE x.guide_id = %(guide)s AND x.state = 'live' {whom.among("x.member_id")}"""
    return sql, {**whom.asked, **params}


GUIDE = Question("guide", _of_guide, RELATION)


def _relation(leaf: Leaf, day: date) -> Tree:
    states: dict[str, Tree] = {
        "live": Has("relation", LIVE),
        "lost": All((Has("relation", EVER), Not(Has("relation", LIVE)))),
        "none": Not(Has("relation", EVER)),
    }
    try:
        return Either(tuple(states[value] for value in leaf["value"]))
    except KeyError as unknown:
        raise c.Unknown(unknown.args[0]) from unknown


def _guide(leaf: Leaf, day: date) -> Tree:
    guides = meanings.ids_of(Guide.objects.all(), leaf["value"])
    return meanings.chosen(leaf["op"], [meanings.asked("guide", guide=pk) for pk in guides])


def _by_name(rows: Callable[[], Any], *more: str) -> Callable[..., list[Choice]]:
    def choices(viewer: Any, text: str = "") -> list[Choice]:
        wanted = Q(name__icontains=text)
        for path in more:
            wanted |= Q(**{f"{path}__istartswith": text})
        return list(rows().filter(wanted).order_by("name", "pk").values_list("public_id", "name")[:SHOWN])

    return choices


def _names(rows: Callable[[], Any]) -> Callable[[Sequence[str]], dict[str, str]]:
    return lambda values: dict(rows().filter(public_id__in=list(values)).values_list("public_id", "name"))


IS = (c.IS_ANY, c.IS_NONE)
CONDITIONS = (
    Condition(
        "relation",
        _("friend of a guide"),
        WHERE,
        (Op("is_any", _("is any of"), "choices"),),
        _relation,
        c.label_choices([("live", _("yes, at present")), ("lost", _("lost")), ("none", _("never"))]),
        families=(RELATIONS,),
    ),
    Condition(
        "added",
        _("last added a guide"),
        WHERE,
        (c.WITHIN, c.NOT_WITHIN, c.BETWEEN_DAYS, c.NEVER),
        meanings.day_of_leaf("added", f.DAY_BITS),
        families=(ADDED,),
    ),
    Condition(
        "store",
        _("store"),
        WHERE,
        IS,
        meanings.rows_named("store", lambda: Store.objects.all()),
        _by_name(lambda: Store.objects.all(), "code"),
        _names(lambda: Store.objects.all()),
        families=(STORES,),
    ),
    Condition(
        "region",
        _("region"),
        WHERE,
        IS,
        meanings.rows_named("region", lambda: Region.objects.all()),
        _by_name(lambda: Region.objects.all(), "code"),
        _names(lambda: Region.objects.all()),
        families=(REGIONS,),
    ),
    Condition(
        "guide",
        _("guide"),
        WHERE,
        IS,
        _guide,
        _by_name(lambda: Guide.objects.all(), "userid"),
        _names(lambda: Guide.objects.all()),
        questions=(GUIDE,),
    ),
)
