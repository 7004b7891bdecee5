"""The sample brand: a headquarters, three regions, stores with a manager and guides, two franchisees, some tags."""

from itertools import product

from scrm.sandbox.nouns import App, Department, Tag, TagGroup, User
from scrm.sandbox.people import BRAND, FRANCHISEES, REGIONS, a_mobile, a_name, a_userid
from scrm.sandbox.relations import accept, meet, relation_of
from scrm.sandbox.world import LETTERS, Corp, World

DIGITS = "0123456789"
VENUES = ["店", "旗舰店", "二店", "生活馆店", "社区店", "三店", "地铁店", "四店"]


def a_corp(world: World, *, corp_id: str = "", name: str = BRAND) -> Corp:
    """A company with nothing in it but its root and its contact-sync assistant."""
    corp = Corp(corp_id or "ww" + world.hex(16), name, world.word(8, LETTERS))
    world.corps[corp.corp_id] = corp
    corp.departments[1] = Department(1, name, 0, order=100_000_000, kind="root")
    an_app(world, corp, agent_id="sync", name="通讯录同步", kind="sync", customer_events=False, contact_events=False)
    return corp


def an_app(world: World, corp: Corp, **given: object) -> App:
    """An app of the corp; what is not given is drawn."""
    number = 1_000_001 + len(corp.apps)
    drawn: dict[str, object] = {
        "agent_id": str(number),
        "secret": world.word(43, LETTERS),
        "token": world.word(24, LETTERS),
        "aes_key": world.word(43, LETTERS),
        "slug": world.word(12, LETTERS).lower(),
        "name": f"应用{number}",
    }
    drawn.update({key: value for key, value in given.items() if value not in (None, "")})
    app = App(corp_id=corp.corp_id, **drawn)  # type: ignore[arg-type]
    corp.apps[app.agent_id] = app
    return app


def furnish(world: World, corp: Corp, *, stores: int = 12, customers: int = 0, mark: str = "") -> None:
    """Fill the corp with the sample brand; each guide starts with some customers of old.

    `mark` stands in front of the names of regions and stores, so that one tells two corps of one installation apart.
    """
    _headquarters(world, corp)
    _regions(world, corp, stores, mark)
    _tags(world, corp)
    for user in list(corp.users.values()):
        if user.serves and user.status == 1:
            for _ in range(customers):
                _an_old_customer(world, corp, user)


def department(corp: Corp, name: str, parent_id: int, *, kind: str, city: str = "", franchisee: str = "") -> Department:
    number = max(corp.departments) + 1
    made = Department(number, name, parent_id, order=1000 - number % 1000, kind=kind, city=city, franchisee=franchisee)
    corp.departments[number] = made
    return made


def hire(world: World, corp: Corp, places: list[int], *, position: str, leads: bool = False, serves: bool) -> User:
    """A new member; a leader is the department_leader of her first place."""
    name, letters = a_name(world.dice)
    user = User(
        a_userid(letters, corp.users), name, places, position=position, serves=serves,
        mobile=a_mobile(world.dice), gender=world.dice.choice("1222"), leads=places[:1] if leads else [],
    )  # fmt: skip
    corp.users[user.userid.lower()] = user
    if leads:
        corp.departments[places[0]].leaders.append(user.userid)
    return user


def _headquarters(world: World, corp: Corp) -> None:
    office = department(corp, "总部", 1, kind="hq")
    hire(world, corp, [office.id], position="总经理", leads=True, serves=False)
    for position in ("运营总监", "私域运营", "数据分析"):
        hire(world, corp, [office.id], position=position, serves=False)


def _regions(world: World, corp: Corp, stores: int, mark: str) -> None:
    nodes = [department(corp, mark + name, 1, kind="region") for name, _ in REGIONS]
    for node in nodes:
        hire(world, corp, [node.id], position="区域经理", leads=True, serves=False)
    spots = [list(_spots(cities)) for _, cities in REGIONS]
    for number in range(stores):
        region, turn = number % len(nodes), number // len(nodes)
        city, spot = spots[region][turn % len(spots[region])]
        again = turn // len(spots[region])
        _store(world, corp, nodes[region], city, spot + (f"{again + 1}号店" if again else ""), number, mark)


def _spots(cities: list[tuple[str, list[str]]]) -> list[tuple[str, str]]:
    """(city, shop) pairs, first one shop in each city, then the second in each, then other venues."""
    depth = max(len(places) for _, places in cities)
    return [
        (city, places[row] + venue)
        for venue, row in product(VENUES, range(depth))
        for city, places in cities
        if row < len(places)
    ]


def _store(world: World, corp: Corp, region: Department, city: str, spot: str, number: int, mark: str) -> None:
    """Of twelve stores, two belong to each of the two franchisees: one can read it in their names."""
    owner = {4: FRANCHISEES[0], 7: FRANCHISEES[0], 5: FRANCHISEES[1], 8: FRANCHISEES[1]}.get(number % 12, "")
    name = f"{mark}{city}{spot}" + (f"（加盟·{owner}）" if owner else "")
    shop = department(corp, name, region.id, kind="store", city=city, franchisee=owner)
    hire(world, corp, [shop.id], position="店长", leads=True, serves=True)
    for _ in range(world.dice.choice([3, 4, 4, 5])):
        hire(world, corp, [shop.id], position="导购", serves=True)


def _tags(world: World, corp: Corp) -> None:
    """Tags that the product did not make: the console's, and those of another app."""
    for owner, name, words in (
        ("console", "客户等级", ["普通", "VIP", "SVIP"]),
        ("1000999", "活动来源", ["周年庆", "双十一"]),
    ):
        at = world.clock.seconds() - 90 * 86_400
        group = TagGroup(world.id(corp, "et"), name, at, owner=owner)
        group.tags = [
            Tag(world.id(corp, "et"), word, group.id, at, order=len(words) - n, owner=owner)
            for n, word in enumerate(words)
        ]
        corp.tag_groups[group.id] = group


def _an_old_customer(world: World, corp: Corp, user: User) -> None:
    """A friend since long ago, added before anybody listened."""
    customer = meet(world, corp)
    relation = relation_of(world, corp, user, customer)
    relation.asked, relation.oper_userid, relation.add_way = True, customer.external_userid, 1
    post, world.post = world.post, lambda app, xml: None
    accept(world, corp, user, relation)
    world.post = post
    relation.createtime -= world.dice.randrange(86_400, 180 * 86_400)
    relation.shown_from, relation.welcome = relation.createtime, None
    corp.happenings.clear()
    corp.welcomes.clear()
