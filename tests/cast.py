"""The same people in every test.

Ada runs HQ, Otto operates for her, Paula approves, Ann analyses; Rita manages the East region; Ben manages Nanjing
Road, Cai guides there; Dong guides in Xujiahui; Fang owns two franchise stores, Gu guides in the first of them; Ivy is
from an agency at Nanjing Road. Mei and Lan buy. Eve has no seat.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module

from guides import bindings, codes, postings
from guides.hearing import News
from guides.models import Code, Guide, Relation
from members.models import Identity, Member
from scrm.clock import day_of
from scrm.wecom.models import App, Corp, Receiver
from stores import places, seats
from stores.models import Brand, CityTier, Franchisee, Person, Region, Role, Store

OPENED = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # noon in Shanghai
MEI, LAN = "wmMeiMeiMeiMeiMeiMeiMeiMeiMeiMei00", "wmLanLanLanLanLanLanLanLanLanLan00"


@dataclass
class Cast:
    corp: Corp
    app: App
    receiver: Receiver
    brand: Brand
    east: Region
    south: Region
    nanjing_road: Store
    xujiahui: Store
    fangs_first: Store
    fangs_second: Store
    fangs: Franchisee
    ada: Person
    otto: Person
    paula: Person
    ann: Person
    rita: Person
    ben: Person
    cai: Person
    dong: Person
    fang: Person
    gu: Person
    ivy: Person
    eve: Person

    def guide(self, name: str) -> Guide:
        """The guide of a person of the cast."""
        return Guide.objects.get(corp=self.corp, userid=name)

    def code(
        self, store: Store | None = None, *, kind: str = Code.Kind.STORE, name: str = "收银台", **more: object
    ) -> Code:
        """A channel code, of Nanjing Road unless said otherwise; WeCom has answered it."""
        code = codes.create(store=store or self.nanjing_road, kind=kind, name=name, by=self.ada, at=NOW, **more)  # type: ignore[arg-type]
        Code.objects.filter(pk=code.pk).update(config_id=f"{code.pk:032x}", pushed=code.wanted)
        code.refresh_from_db()
        return code

    def add(self, who: str, guide: str, *, code: Code | None = None, at: datetime = NOW) -> Relation:
        """A customer and a guide become friends."""
        self.tell(who, guide, "add", code=code, at=at)
        return Relation.objects.filter(guide__userid=guide, member=self.member(who)).latest("epoch")

    def tell(self, who: str, guide: str, kind: str, *, code: Code | None = None, at: datetime = NOW) -> None:
        digest = f"{who}{guide}{kind}{at}".encode().ljust(32, b"\0")[:96]
        news = News(self.corp.pk, guide, who, kind, at, digest, state=code.state if code else "")
        bindings.hear([news], now=at)

    def member(self, who: str) -> Member:
        return Identity.objects.get(kind="external_userid", corp=self.corp, value=who).member


def _know_cities() -> None:
    """The tiers of cities, which a migration brought and a test that empties all tables took away."""
    if not CityTier.objects.exists():
        told = import_module("stores.migrations.0004_city_tiers").CITIES
        CityTier.objects.bulk_create(
            CityTier(city=city, tier=tier) for tier, names in told.items() for city in names.split()
        )


def assemble() -> Cast:
    """Everybody in their places since 2026-01-01."""
    _know_cities()
    corp = Corp.objects.create(corp_id="wwcast0000000001", name="掌柜演示")
    app = App.objects.create(corp=corp, agent_id=1000002, secret="s3cret-of-the-cast")
    receiver = Receiver.objects.create(corp=corp, app=app, slug="cast", token="TokenOfTheCast", aes_key="A" * 43)
    brand = places.the_brand("掌柜茶饮")
    east = Region.objects.create(brand=brand, code="east", name="华东")
    south = Region.objects.create(brand=brand, code="south", name="华南")
    fangs = Franchisee.objects.create(brand=brand, name="方记")
    since = day_of(OPENED)
    shops = {
        "nanjing_road": places.open_store(east, code="S001", name="南京路店", on=since, city="上海"),
        "xujiahui": places.open_store(east, code="S002", name="徐家汇店", on=since, city="上海"),
        "fangs_first": places.open_store(south, code="S003", name="天河店", on=since, city="广州"),
        "fangs_second": places.open_store(south, code="S004", name="南山店", on=since, city="深圳"),
    }
    for store in (shops["fangs_first"], shops["fangs_second"]):
        places.sign_contract(store, franchisee=fangs, on=since)
    names = ["ada", "otto", "paula", "ann", "rita", "ben", "cai", "dong", "fang", "gu", "ivy", "eve"]
    people = {name: Person.objects.create_user(name, f"{name}-opens-the-shop", name=name.title()) for name in names}
    _seat(people, shops, east, fangs)
    _post(corp, people, shops)
    return Cast(corp, app, receiver, brand, east, south, fangs=fangs, **shops, **people)


def _seat(people: dict[str, Person], shops: dict[str, Store], east: Region, fangs: Franchisee) -> None:
    seats.give(people["ada"], Role.HQ_ADMIN, at=OPENED)
    seats.give(people["otto"], Role.HQ_OPERATOR, at=OPENED)
    seats.give(people["paula"], Role.APPROVER, at=OPENED)
    seats.give(people["ann"], Role.ANALYST, at=OPENED)
    seats.give(people["rita"], Role.REGION_MANAGER, region=east, at=OPENED)
    seats.give(people["fang"], Role.FRANCHISE_OWNER, franchisee=fangs, at=OPENED)
    seats.give(people["ivy"], Role.AGENCY, store=shops["nanjing_road"], at=OPENED)


def _post(corp: Corp, people: dict[str, Person], shops: dict[str, Store]) -> None:
    posts = {"ben": "nanjing_road", "cai": "nanjing_road", "dong": "xujiahui", "gu": "fangs_first"}
    for name, shop in posts.items():
        guide = Guide.objects.create(
            corp=corp, userid=name, name=name.title(), status="active", can_contact=True, person=people[name]
        )
        postings.post(guide, to=shops[shop], at=OPENED, is_manager=name == "ben")


def after(**delta: float) -> datetime:
    """An instant so long after NOW."""
    return NOW + timedelta(**delta)
