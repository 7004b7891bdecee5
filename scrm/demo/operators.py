"""What the operators of the sample brand made for themselves: named sources, a field, tags, a tag by rule, segments."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import translation

from members import fields, labels, scores, sources, tags
from members.models import Field, Member, Segment, Source, Tag, TagGroup
from members.segments import definitions
from members.segments.pages.usual import USUAL
from stores.models import Person, Role

PREFERENCES = ("花草茶", "香薰", "送礼")
# What delivers to the sample brand; whatever sells is missed after a day.
SOURCES = {
    "pos": "门店收银",
    "mini_program": "小程序商城",
    "tmall": "天猫旗舰店",
    "catalogue": "商品目录",
    "stock": "门店库存",
}
SELLS = ("pos", "mini_program", "tmall")
# One customer hears of one of these at a time, the first that she belongs to.
CARE = ("asleep", "at-risk", "no-second-order", "no-first-order")


def furnish(*, at: datetime) -> None:
    """Once: whatever of this the brand does not have."""
    hq = Person.objects.filter(seats__role=Role.HQ_ADMIN).order_by("pk").first()
    if not Source.objects.exists():
        _sources(hq, at)
    if not Field.objects.exists():
        fields.make("birthday", "生日", Field.Kind.DATE, is_personal=True, by=hq, at=at)
    if not TagGroup.objects.filter(corp=None).exists():
        _tags(hq, at)
    if not Segment.objects.exists():
        with translation.override("zh-hans"):
            _segments(hq, at)


def _sources(hq: Any, at: datetime) -> None:
    for code, name in SOURCES.items():
        every = timedelta(days=1) if code in SELLS else None
        sources.register(code, name=name, owner=hq, expected_every=every, by=hq, at=at)


def _tags(hq: Any, at: datetime) -> None:
    likes = labels.group("偏好", by=hq, at=at)
    for name in PREFERENCES:
        labels.tag(likes, name, by=hq, at=at)
    habits = labels.group("消费习惯", by=hq, at=at)
    bought = [{"of": "order", "points": 30}, {"of": "order", "at_least_fen": 30_000, "points": 20}]
    says = "每笔订单 30 分，满 300 元再加 20 分，60 天减半"
    scores.define(habits, "活跃买家", clauses=bought, half_life=60, threshold=50, says=says, by=hq, at=at)


def know(*, at: datetime) -> None:
    """Some of the customers' likings were asked for."""
    hq = Person.objects.filter(seats__role=Role.HQ_ADMIN).order_by("pk").first()
    people = list(Member.objects.filter(same_person_as=None).order_by("pk").values_list("pk", flat=True))
    for nth, tag in enumerate(Tag.objects.filter(group__name="偏好", group__corp=None).order_by("pk")):
        tags.put_on(people[nth :: 5 + 2 * nth], tag, by=hq, at=at)


def _segments(hq: Any, at: datetime) -> None:
    care = definitions.make_group("客户关怀", by=hq, at=at)
    for usual in USUAL:
        told: dict[str, Any] = {"group": care, "priority": CARE.index(usual.slug) + 1} if usual.slug in CARE else {}
        definitions.make(str(usual.name), usual.rule, description=str(usual.says), by=hq, at=at, **told)
