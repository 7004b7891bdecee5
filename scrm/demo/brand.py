"""What the sample brand has beyond WeCom's directory: franchisees, people of HQ, codes in shops, a welcome, logins."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import transaction

from campaigns.models import Welcome
from guides import codes
from guides.models import Code, Guide
from scrm import clock
from stores import places, seats
from stores.models import CityTier, Franchisee, Person, Region, Role, Store

FRANCHISED = re.compile(r"（加盟·(?P<owner>.+)）")  # the sample brand says so in the store's name
OFFICE_ROLES = ("hq", "analyst", "region", "franchise")  # who sign in under the name of their role
OFFICE = (("hq", Role.HQ_ADMIN, "陈总"), ("analyst", Role.ANALYST, "数据分析员"))
STORES_WITH_CODES = 200  # a bigger brand shows as much, and starts in time
WELCOME = "您好，欢迎来到{brand}{store}！我是您的专属导购{guide}，新品、尺码、售后都可以随时找我。"


class Login(NamedTuple):
    role: str
    username: str
    password: str


@transaction.atomic
def furnish(*, at: datetime, began_at: datetime) -> None:
    """The brand as the demo shows it, with contracts and seats since `began_at`; a second time changes nothing."""
    _cities()
    _contracts(began_at)
    boss = _office_people(began_at)
    _codes(boss, at)
    words = {"name": "品牌欢迎语", "text": WELCOME}
    Welcome.objects.get_or_create(store=None, code=None, active=True, defaults=words)


def people() -> list[Login]:
    """Somebody of each role, with her password."""
    known = set(Person.objects.filter(username__in=OFFICE_ROLES).values_list("username", flat=True))
    found = {role: role for role in OFFICE_ROLES if role in known}
    for role, is_manager in (("manager", True), ("guide", False)):
        floor = Guide.objects.filter(postings__ends_at=None, postings__is_manager=is_manager, can_contact=True)
        first = floor.exclude(person=None).order_by("postings__store__code", "pk").first()
        if first and first.person:
            found[role] = first.person.username
    return [Login(role, username, _let_in(username)) for role, username in found.items()]


def _cities() -> None:
    """The stores' names say their cities."""
    cities = list(CityTier.objects.values_list("city", flat=True))
    found = list(Store.objects.filter(city=""))
    for store in found:
        store.city = next((city for city in cities if city in store.name), "")
    places.write_many([store for store in found if store.city], ["city"])


def _contracts(at: datetime) -> None:
    """Franchisees and their stores as the stores' names say; a brand too small for one lends its last store."""
    for store in Store.objects.filter(name__contains="加盟", contracts=None).select_related("region__brand"):
        if named := FRANCHISED.search(store.name):
            _franchise(store, named["owner"], at)
    if not Franchisee.objects.exists() and (last := Store.objects.order_by("pk").last()):
        _franchise(last, "加盟商", at)


def _franchise(store: Store, owner: str, at: datetime) -> None:
    franchisee, _ = Franchisee.objects.get_or_create(brand=store.region.brand, name=owner)
    places.sign_contract(store, franchisee=franchisee, on=clock.day_of(at))


def _office_people(at: datetime) -> Person:
    """Those who stand in no shop; gives the one who runs HQ."""
    for username, role, name in OFFICE:
        seats.give(_person(username, name), role, at=at)
    if region := Region.objects.order_by("pk").first():
        seats.give(_person("region", "区域经理"), Role.REGION_MANAGER, region=region, at=at)
    if franchisee := Franchisee.objects.order_by("pk").first():
        seats.give(_person("franchise", "加盟老板"), Role.FRANCHISE_OWNER, franchisee=franchisee, at=at)
    return Person.objects.get(username="hq")


def _person(username: str, name: str) -> Person:
    person, _ = Person.objects.get_or_create(username=username, defaults={"name": name})
    return person


def _codes(by: Person, at: datetime) -> None:
    """Each store has a code at the till and one in the window, and its first guides have one of their own."""
    first = Store.objects.order_by("pk").values("pk")[:STORES_WITH_CODES]
    for store in Store.objects.filter(pk__in=first, codes=None):
        posted = Guide.objects.filter(postings__store=store, postings__ends_at=None, can_contact=True)
        floor = list(posted.filter(status=Guide.Status.ACTIVE).order_by("postings__is_manager", "pk"))
        if floor:
            codes.create(store=store, kind=Code.Kind.STORE, name="收银台", by=by, at=at)
            codes.create(store=store, kind=Code.Kind.GUIDES, name="橱窗", guides=floor[:3], by=by, at=at)
        for guide in floor[:2]:
            codes.create(store=store, kind=Code.Kind.GUIDE, name=f"{guide.name}工牌", guides=[guide], by=by, at=at)


def _let_in(username: str) -> str:
    """Her password: the same at each start, another in each demo."""
    person = Person.objects.get(username=username)
    password = _password(username)
    if not person.check_password(password):
        person.set_password(password)
        person.save(update_fields=["password"])
    return password


def _password(username: str) -> str:
    made = hmac.digest(settings.SECRET_KEY.encode(), f"demo login {username}".encode(), hashlib.sha256)
    return base64.b32encode(made).decode().lower()[:12]


def lines() -> Iterator[str]:
    """The logins as `make demo` prints them."""
    yield from (" ".join(("login", *login)) for login in people())
