"""A brand in the middle of its work: 12 stores, about 60 guides, sixty days of customers coming and going."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction

from guides import bindings, postings
from guides.hearing import News
from guides.models import Code, Guide
from scrm.clock import day_of
from scrm.dashboard import facts
from stores import places
from stores.models import Region, Store
from tests.cast import OPENED, Cast

SHOPS = {
    "east": ["静安寺店", "杭州湖滨店", "苏州观前街店"],
    "south": ["深圳万象城店", "佛山岭南站店"],
    "north": ["北京三里屯店", "天津滨江道店", "济南宽厚里店"],
}
FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = ["雨桐", "佳怡", "思远", "梦琪", "浩然", "欣妍", "子涵", "晓燕", "志强", "丽娜", "文静", "俊杰"]
TILL = ["收银台", "门口海报", "试饮台"]


@transaction.atomic  # what is heard belongs to a batch's transaction
def fill_the_house(cast: Cast, *, at: datetime, days: int = 60, seed: int = 1) -> None:
    """Opens stores, posts guides, makes codes, lets customers come and go, and fills the facts."""
    chance = random.Random(seed)
    north = Region.objects.create(brand=cast.brand, code="north", name="华北")
    regions = {"east": cast.east, "south": cast.south, "north": north}
    since = day_of(OPENED)
    shops = [cast.nanjing_road, cast.xujiahui, cast.fangs_first, cast.fangs_second]
    for n, (region, name) in enumerate((region, name) for region, names in SHOPS.items() for name in names):
        shops.append(places.open_store(regions[region], code=f"S1{n:02}", name=name, on=since, city=name[:2]))
    for n, shop in enumerate(shops):
        staff = [_guide(cast, shop, f"g{n}-{m}", chance) for m in range(5)]
        codes = [cast.code(shop, name=name) for name in TILL]
        bindings.hear(list(_life(cast, staff, codes, 0.4 + chance.random() * 2.2, at, days, chance)), now=at)
    bindings.hear(list(_life(cast, [cast.guide("cai")], [], 1.2, at, days, chance)), now=at)
    facts.fill_all(at=at)


def _guide(cast: Cast, shop: Store, userid: str, chance: random.Random) -> Guide:
    name = chance.choice(FAMILY) + chance.choice(GIVEN)
    guide = Guide.objects.create(corp=cast.corp, userid=userid, name=name, status="active", can_contact=True)
    postings.post(guide, to=shop, at=OPENED)
    return guide


def _life(
    cast: Cast, staff: list[Guide], codes: list[Code], pace: float, at: datetime, days: int, chance: random.Random
) -> Iterator[News]:
    """Adds at this pace a day, more at weekends and lately; one in seven ends within some weeks."""
    for ago in range(days, -1, -1):
        day = at - timedelta(days=ago)
        busy = pace * (1.7 if day.weekday() >= 5 else 1) * (1.6 - ago / days)
        for _ in range(int(chance.gauss(busy * 3, 1.3))):
            then = day - timedelta(minutes=chance.randrange(1, 200))
            guide, who = chance.choice(staff).userid, f"wm{chance.getrandbits(60):015x}"
            state = chance.choice(codes).state if codes and chance.random() < 0.8 else ""
            yield News(cast.corp.pk, guide, who, "add", then, chance.randbytes(32), state=state)
            gone = then + timedelta(hours=chance.expovariate(1 / 200))
            if chance.random() < 0.16 and gone < at:
                kind = "cust_del" if chance.random() < 0.8 else "guide_del"
                yield News(cast.corp.pk, guide, who, kind, gone, chance.randbytes(32))
