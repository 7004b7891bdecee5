"""Stores, franchisees and their contracts out of files."""

from datetime import date

import pytest

from scrm.audit.models import Entry
from stores import departments
from stores.models import Contract, DepartmentLink, Franchisee, Opening, Placement, Region, Store
from tests.cast import NOW
from tests.imports.conftest import Desk, came_to, said

pytestmark = pytest.mark.django_db
HEAD = ["门店编号", "门店名称", "区域", "城市", "开业日期", "类型", "加盟商", "加盟起始"]


def test_new_stores_open_in_their_region_on_their_day(desk: Desk) -> None:
    upload = desk.bring("stores", [HEAD, ["S100", "外滩店", "华东", "上海", "2020-05-01"], ["S101", "豫园店", "east"]])
    assert came_to(upload) == ["created", "created"]
    bund = Store.objects.get(code="S100")
    assert (bund.name, bund.region.name, bund.city, bund.kind) == ("外滩店", "华东", "上海", "direct")
    assert Opening.objects.get(store=bund).starts_on == date(2020, 5, 1)
    assert Opening.objects.get(store__code="S101").starts_on == date(2026, 3, 2)
    assert Entry.objects.get(verb="import.applied").detail["created"] == 2


def test_a_preview_writes_nothing(desk: Desk) -> None:
    before = (Store.objects.count(), Region.objects.count(), Placement.objects.count())
    upload = desk.look("stores", [HEAD, ["S100", "外滩店", "华东"], ["S001", "南京路旗舰店", "华南"]])
    assert upload.state == "previewed" and upload.counts == {"created": 1, "updated": 1, "unchanged": 0, "rejected": 0}
    assert (Store.objects.count(), Region.objects.count(), Placement.objects.count()) == before
    assert "南京路店 → 南京路旗舰店" in said(upload, 3) and "华东 → 华南" in said(upload, 3)


def test_the_same_file_twice_changes_nothing(desk: Desk) -> None:
    file = [
        HEAD,
        ["S100", "外滩店", "华东", "上海", "2020-05-01", "加盟", "方记", "2021-01-01"],
        ["S001", "旗舰店", "华南"],
    ]
    assert came_to(desk.bring("stores", file)) == ["created", "updated"]
    assert came_to(desk.bring("stores", file)) == ["unchanged", "unchanged"]
    assert Placement.objects.filter(store__code="S001").count() == 2


def test_missing_regions_are_made_only_when_that_is_said(desk: Desk) -> None:
    upload = desk.look("stores", [HEAD, ["S100", "北京店", "华北"], ["S101", "天津店", "华北"]])
    assert came_to(upload) == ["rejected", "rejected"] and "华北" in said(upload, 2)
    assert upload.missing == {"region": {"华北": 2}}
    upload = desk.make(upload, "region")
    assert came_to(upload) == ["created", "created"] and not Region.objects.filter(name="华北").exists()
    desk.apply(upload)
    assert Store.objects.filter(region__name="华北").count() == 2


def test_a_store_that_wecom_brought_gets_its_number(desk: Desk) -> None:
    cast = desk.cast
    said_by_wecom = [
        {"id": 1, "name": "掌柜", "parentid": 0},
        {"id": 2, "name": "华北", "parentid": 1},
        {"id": 3, "name": "北京·国贸店", "parentid": 2},
    ]
    departments.learn(cast.corp, said_by_wecom, at=NOW)
    upload = desk.bring("stores", [HEAD[:3], ["B001", "北京·国贸店", "华北"]])
    assert came_to(upload) == ["updated"]
    assert DepartmentLink.objects.get(department_id=3).store.code == "B001"  # type: ignore[union-attr]
    again = desk.look("stores", [HEAD[:2], ["B001", "国贸旗舰店"]])
    assert came_to(again) == ["unchanged"] and "企业微信" in said(again, 2)


def test_of_lines_that_contradict_each_other_none_counts(desk: Desk) -> None:
    upload = desk.look(
        "stores",
        [HEAD[:3], ["S100", "甲", "华东"], ["S100", "乙", "华东"], ["S101", "丙", "华东"], ["S101", "丙", "华东"]],
    )
    assert came_to(upload) == ["rejected", "rejected", "created", "unchanged"]
    assert "3" in said(upload, 2) and "2" in said(upload, 3)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (["S100", "", "华东"], "店"),
        (["S100", "店", "火星"], "火星"),
        (["S100", "店", "华东", "", "昨天"], "昨天"),
        (["S100", "店", "华东", "", "", "加盟"], "加盟"),
        (["S100", "店", "华东", "", "", "直营", "方记"], "直营"),
        (["S100", "店", "华东", "", "", "联营"], "联营"),
        (["S 1(0)", "店", "华东"], "S 1(0)"),
        (["S003", "", "", "", "", "直营"], "加盟"),
    ],
)
def test_a_wrong_line_says_why_and_the_next_one_is_good(desk: Desk, line: list[str], why: str) -> None:
    upload = desk.bring("stores", [HEAD, line, ["S200", "好店", "华东"]])
    assert came_to(upload) == ["rejected", "created"]
    assert why in said(upload, 2)


@pytest.mark.parametrize(
    "day", ["2020-05-01", "2020/5/1", "2020年5月1日", "20200501", "43952", "２０２０－０５－０１", "2020.5.1"]
)
def test_days_are_understood_as_people_write_them(desk: Desk, day: str) -> None:
    desk.bring("stores", [HEAD[:5], ["S100", "店", "华东", "", day]])
    assert Opening.objects.get(store__code="S100").starts_on == date(2020, 5, 1)


def test_opening_and_closing_are_corrected(desk: Desk) -> None:
    head = ["门店编号", "开业日期", "闭店日期"]
    assert came_to(desk.bring("stores", [head, ["S001", "2019-01-01", "2026-02-01"]])) == ["updated"]
    opening = Opening.objects.get(store__code="S001")
    assert (opening.starts_on, opening.ends_on) == (date(2019, 1, 1), date(2026, 2, 1))
    assert Placement.objects.get(store__code="S001").starts_on == date(2019, 1, 1)
    assert came_to(desk.look("stores", [head, ["S001", "2026-02-01", ""]])) == ["rejected"]


CONTRACT = ["加盟商", "公司全称", "门店编号", "合同开始", "合同结束"]


def test_contracts_are_dated_and_a_new_one_ends_the_old(desk: Desk) -> None:
    file = [
        CONTRACT,
        ["郝记", "郝记餐饮公司", "S003", "2026-02-01", ""],
        ["方记", "", "S001", "2025-01-01", "2025-06-01"],
    ]
    upload = desk.bring("franchisees", file)
    assert came_to(upload) == ["created", "created"] and "2026-02-01" in said(upload, 2)
    spans = Contract.objects.filter(store__code="S003").order_by("starts_on").values_list("franchisee__name", "ends_on")
    assert list(spans) == [("方记", date(2026, 2, 1)), ("郝记", None)]
    assert Franchisee.objects.get(name="郝记").legal_name == "郝记餐饮公司"
    kinds = dict(Store.objects.values_list("code", "kind"))
    assert (kinds["S003"], kinds["S001"]) == ("franchise", "direct")  # that one was over long ago
    assert came_to(desk.bring("franchisees", file)) == ["unchanged", "unchanged"]


def test_contracts_that_overlap_are_refused(desk: Desk) -> None:
    file = [
        CONTRACT,
        ["方记", "", "S001", "2025-01-01", "2025-06-01"],
        ["郝记", "", "S001", "2025-05-01", "2025-08-01"],
        ["郝记", "", "S003", "2025-12-01", "2026-02-01"],
        ["郝记", "", "S999", "2025-12-01", ""],
    ]
    upload = desk.look("franchisees", file)
    assert came_to(upload) == ["rejected"] * 4
    assert "3" in said(upload, 2) and "2026-01-01" in said(upload, 4) and "S999" in said(upload, 5)


def test_a_running_contract_is_given_its_end(desk: Desk) -> None:
    desk.bring("franchisees", [CONTRACT, ["方记", "", "S003", "2026-01-01", "2026-03-01"]])
    assert Contract.objects.get(store__code="S003").ends_on == date(2026, 3, 1)
    assert Store.objects.get(code="S003").kind == "direct"
