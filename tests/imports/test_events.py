"""Events as files: a preview that writes nothing, an answer for each line, the same file twice, bad lines."""

import pytest

from members.models import Delivery, Event, Identity
from tests.cast import MEI, Cast
from tests.imports.test_sales import brought, counts

HEAD = "编号,类型,时间,来源,门店编号,导购,手机号,external_userid,详情"
GOOD = [
    "E1,浏览商品,2026-03-01 18:30,mall,,,13800010001,,sku=T01;name=明前龙井;seconds=30",
    f"E2,service_rated,2026-03-01,,S001,cai,,{MEI},score=5；about=guide",
    "E3,到店,2026-03-01 10:00,mall,S001,,13800010001,,",
]


def text(*lines: str) -> str:
    return "\n".join([HEAD, *(lines or GOOD)])


def test_a_file_comes_in_and_again_changes_nothing(cast: Cast) -> None:
    cast.add(MEI, "cai")
    assert counts(brought(cast, "events", text())) == {"created": 3}
    first, rated, visit = Event.objects.order_by("number").select_related("source", "store", "seller")
    assert (first.kind, first.payload) == ("product_viewed", {"sku": "T01", "name": "明前龙井", "seconds": 30})
    assert (first.source.code, rated.source.code, rated.payload) == ("mall", "file", {"score": 5, "about": "guide"})
    assert (rated.member, rated.store, rated.seller) == (cast.member(MEI), cast.nanjing_road, cast.cai)
    assert first.member == visit.member == Identity.objects.get(kind="phone").member
    assert counts(brought(cast, "events", text())) == {"unchanged": 3}
    doors = Delivery.objects.order_by("pk").values_list("source__code", "kind", "door", "created", "unchanged")
    assert list(doors)[:2] == [("file", "events", "file", 1, 0), ("mall", "events", "file", 2, 0)]


def test_a_preview_writes_nothing(cast: Cast) -> None:
    cast.add(MEI, "cai")
    assert counts(brought(cast, "events", text(), apply=False)) == {"created": 3}
    assert not Event.objects.exists() and not Delivery.objects.exists()


@pytest.mark.parametrize(
    "line",
    [
        "B1,做梦,2026-03-01,mall,,,13800010001,,",
        "B1,浏览商品,2026-03-01,mall,,,13800010001,,",
        "B1,浏览商品,2026-03-01,mall,,,13800010001,,sku",
        "B1,浏览商品,2026-03-01,mall,,,13800010001,,sku=1;sku=2",
        "B1,浏览商品,2026-03-01,mall,,,13800010001,,sku=T01;seconds=long",
        "B1,浏览商品,2026-03-01,mall,,,13800010001,,sku=T01;colour=red",
        "B1,浏览商品,2026-03-01,mall,,,13800010001,,=1+1",
        "B1,浏览商品,2026-03-01,mall,,,,,sku=T01",
        "B1,浏览商品,2026-03-01,mall,,,12,,sku=T01",
        "B1,浏览商品,2099-01-01,mall,,,13800010001,,sku=T01",
        "B1,浏览商品,2001-01-01,mall,,,13800010001,,sku=T01",
        "B1,浏览商品,soon,mall,,,13800010001,,sku=T01",
        "B1,到店,2026-03-01,mall,S999,,13800010001,,",
        "B1,到店,2026-03-01,mall,,,13800010001,,",
        "B1,到店,2026-03-01,mall,,nobody,13800010001,,",
        ",到店,2026-03-01,mall,S001,,13800010001,,",
    ],
)
def test_a_bad_line_is_refused_and_spoils_no_other(cast: Cast, line: str) -> None:
    assert counts(brought(cast, "events", text(GOOD[0], line))) == {"created": 1, "rejected": 1}
    assert Event.objects.get().number == "E1"


def test_lines_that_contradict_each_other_are_both_refused(cast: Cast) -> None:
    other = GOOD[0].replace("seconds=30", "seconds=31")
    assert counts(brought(cast, "events", text(GOOD[0], other))) == {"rejected": 2}
