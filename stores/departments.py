"""Learning the brand from WeCom's departments: the root is the brand, what stands below it regions, below those stores.

A department that somebody linked by hand stays where he put it; nothing is ever closed because a reading left it out.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from scrm.clock import day_of
from scrm.wecom.models import Corp
from stores import places
from stores.models import DepartmentLink, Region, Store

LONGEST_CITY = 6


@dataclass(frozen=True)
class Department:
    id: int
    name: str
    parent_id: int


def tree(said: Sequence[Mapping[str, Any]]) -> dict[int, Department]:
    """WeCom's answer by id."""
    return {int(d["id"]): Department(int(d["id"]), str(d.get("name", "")), int(d["parentid"])) for d in said}


def depth(department: Department, known: Mapping[int, Department]) -> int:
    """0 for the root; the root of what we see is what has no parent that we see."""
    steps = 0
    while (parent := known.get(department.parent_id)) is not None and parent.id != department.id and steps < 20:
        department, steps = parent, steps + 1
    return steps


@transaction.atomic
def learn(corp: Corp, said: Sequence[Mapping[str, Any]], *, at: datetime) -> dict[int, int]:
    """The store of each department that is one, new ones made; department id → store's primary key."""
    known = tree(said)
    levels: dict[int, list[Department]] = defaultdict(list)
    for department in sorted(known.values(), key=lambda d: d.id):
        levels[depth(department, known)].append(department)
    places.the_brand(levels[0][0].name if levels[0] else "")
    links = {link.department_id: link for link in _links(corp)}
    parents = {department.parent_id for department in known.values()}
    new = [d for d in levels[1] if d.id not in links and d.id in parents]
    links |= _regions(corp, new)
    roots = {d.name for d in levels[0]}
    links |= _stores(corp, [d for d in levels[2] if d.id not in links], links, roots, at=at)
    _rename(links, known)
    return {number: link.store_id for number, link in links.items() if link.store_id}


def _links(corp: Corp) -> QuerySet[DepartmentLink]:
    return DepartmentLink.objects.filter(corp=corp).select_related("region", "store")


def _regions(corp: Corp, new: Sequence[Department]) -> dict[int, DepartmentLink]:
    """Regions for these departments, found by their code or made."""
    brand, codes = places.the_brand(), {_code(corp, d): d for d in new}
    there = {region.code: region for region in Region.objects.filter(brand=brand, code__in=codes)}
    missing = [Region(brand=brand, code=code, name=d.name[:60]) for code, d in codes.items() if code not in there]
    there |= {region.code: region for region in Region.objects.bulk_create(missing)}
    fresh = [DepartmentLink(corp=corp, department_id=d.id, region=there[code]) for code, d in codes.items()]
    return {link.department_id: link for link in DepartmentLink.objects.bulk_create(fresh)}


def _stores(
    corp: Corp, new: Sequence[Department], links: Mapping[int, DepartmentLink], roots: AbstractSet[str], *, at: datetime
) -> dict[int, DepartmentLink]:
    """Stores for those of these departments that stand below a region."""
    below = [(d, region) for d in new if (above := links.get(d.parent_id)) and (region := above.region)]
    day = day_of(at)
    plans = [
        places.Plan(code=_code(corp, d), name=d.name, region=region, city=_city(d.name, roots), opens_on=day)
        for d, region in below
    ]
    fresh = [
        DepartmentLink(corp=corp, department_id=d.id, store=store)
        for (d, _region), store in zip(below, places.open_many(plans), strict=True)
    ]
    return {link.department_id: link for link in DepartmentLink.objects.bulk_create(fresh)}


def _code(corp: Corp, department: Department) -> str:
    return f"{corp.pk}-{department.id}"


def stores_by_department(corp: Corp) -> dict[int, int]:
    """The store of each linked department; department id → store's primary key."""
    links = DepartmentLink.objects.filter(corp=corp, store__isnull=False)
    return {number: store for number, store in links.values_list("department_id", "store_id") if store}


def _city(name: str, roots: AbstractSet[str]) -> str:
    """The city in front of a name such as “上海·南京东路店”, if there is one and it is not the brand."""
    city, dot, _rest = name.partition("·")
    return city if dot and len(city) <= LONGEST_CITY and city not in roots else ""


def _rename(links: Mapping[int, DepartmentLink], known: Mapping[int, Department]) -> None:
    """Names follow WeCom's."""
    regions: list[Region] = []
    stores: list[Store] = []
    for number, link in links.items():
        place = link.region or link.store
        if number in known and place is not None and place.name != known[number].name:
            place.name = known[number].name
            if isinstance(place, Region):
                regions.append(place)
            else:
                stores.append(place)
    Region.objects.bulk_update(regions, ["name"], batch_size=500)
    Store.objects.bulk_update(stores, ["name"], batch_size=500)
