"""Learning the brand from WeCom's departments: the root is the brand, what stands below it regions, below those stores.

A department that somebody linked by hand stays where he put it; nothing is ever closed because a reading left it out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

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
    roots = [d for d in known.values() if depth(d, known) == 0]
    brand = places.the_brand(roots[0].name if roots else "")
    links = {link.department_id: link for link in DepartmentLink.objects.filter(corp=corp)}
    for department in sorted(known.values(), key=lambda d: (depth(d, known), d.id)):
        below = depth(department, known)
        if below == 1 and department.id not in links and _has_children(department, known):
            region, _new = Region.objects.get_or_create(
                brand=brand, code=f"{corp.pk}-{department.id}", defaults={"name": department.name}
            )
            links[department.id] = DepartmentLink.objects.create(corp=corp, department_id=department.id, region=region)
        elif below == 2 and department.id not in links:
            above = links.get(department.parent_id)
            if above and above.region:
                links[department.id] = _a_store(corp, department, above.region, at=at)
    _rename(links, known)
    return {number: link.store_id for number, link in links.items() if link.store_id}


def stores_by_department(corp: Corp) -> dict[int, int]:
    """The store of each linked department; department id → store's primary key."""
    links = DepartmentLink.objects.filter(corp=corp, store__isnull=False)
    return {number: store for number, store in links.values_list("department_id", "store_id") if store}


def _has_children(department: Department, known: Mapping[int, Department]) -> bool:
    return any(d.parent_id == department.id for d in known.values())


def _a_store(corp: Corp, department: Department, region: Region, *, at: datetime) -> DepartmentLink:
    store = places.open_store(
        region, code=f"{corp.pk}-{department.id}", name=department.name, on=day_of(at), city=_city(department.name)
    )
    return DepartmentLink.objects.create(corp=corp, department_id=department.id, store=store)


def _city(name: str) -> str:
    """The city in front of a name such as “上海·南京东路店”, if there is one."""
    city, dot, _rest = name.partition("·")
    return city if dot and len(city) <= LONGEST_CITY else ""


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
    Region.objects.bulk_update(regions, ["name"])
    Store.objects.bulk_update(stores, ["name"])
