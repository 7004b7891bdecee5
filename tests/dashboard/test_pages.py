"""The boards' pages: who gets in, what they ask the database, what they say when something is wrong."""

import io
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from scrm.audit.models import Entry
from scrm.clock import day_of
from scrm.dashboard import facts
from scrm.dashboard.models import GuideDay, NodeDay
from stores.models import Store
from tests.cast import NOW, Cast
from tests.dashboard.busy import fill_the_house

pytestmark = pytest.mark.django_db


def board(place: Any) -> str:
    return f"/dashboard/{place.public_id}/"


def test_strangers_are_asked_to_sign_in(client: Client, cast: Cast) -> None:
    answer = client.get("/dashboard/")
    assert (answer.status_code, answer["Location"]) == (302, "/login/?next=/dashboard/")


@pytest.mark.parametrize(
    ("who", "place"), [("ada", "brand"), ("rita", "east"), ("fang", "fangs"), ("ben", "nanjing_road")]
)
def test_home_is_the_place_of_the_seat(small: Cast, visit: Any, who: str, place: str) -> None:
    page = visit(getattr(small, who), "/dashboard/")
    assert page.status_code == 200 and page.request["PATH_INFO"] == board(getattr(small, place))
    assert getattr(small, place).name in page.content.decode() and "数据截至" in page.content.decode()


def test_a_guide_lands_on_her_own_numbers(small: Cast, visit: Any) -> None:
    page = visit(small.cai, "/dashboard/")
    assert page.request["PATH_INFO"] == "/dashboard/me/"
    assert [tile.value for tile in page.context["tiles"]][0] == 0


def test_a_guide_whom_nobody_linked_is_told_what_to_do(small: Cast, visit: Any) -> None:
    type(small.guide("cai")).objects.filter(userid="cai").update(person=None)
    assert "请店长" in visit(small.cai, "/dashboard/me/").content.decode()


@pytest.mark.parametrize("path", ["/dashboard/", "/dashboard/me/", "/dashboard/guide/g_none/"])
def test_who_has_no_seat_is_refused(small: Cast, visit: Any, path: str) -> None:
    assert visit(small.eve, path).status_code == 403


@pytest.mark.parametrize("ending", ["", "table.csv", "table.xlsx"])
def test_a_guide_may_not_open_a_board(small: Cast, visit: Any, ending: str) -> None:
    assert visit(small.cai, board(small.nanjing_road) + ending).status_code == 403


@pytest.mark.parametrize("ending", ["", "table.csv", "table.xlsx"])
def test_a_node_out_of_scope_answers_as_one_that_is_not_there(small: Cast, visit: Any, ending: str) -> None:
    hidden = visit(small.ben, board(small.xujiahui) + ending)
    missing = visit(small.ben, f"/dashboard/s_doesnotexist/{ending}")
    assert (hidden.status_code, hidden.content) == (404, missing.content)


@pytest.mark.parametrize("kind", ["guide", "code"])
def test_so_do_guides_and_codes_of_others(small: Cast, visit: Any, kind: str) -> None:
    theirs = small.guide("dong") if kind == "guide" else small.code(small.xujiahui)
    hidden = visit(small.ben, f"/dashboard/{kind}/{theirs.public_id}/")
    missing = visit(small.ben, f"/dashboard/{kind}/none/")
    assert (hidden.status_code, hidden.content) == (404, missing.content)


def test_a_manager_opens_her_guides_and_codes(small: Cast, visit: Any) -> None:
    till = small.nanjing_road.codes.get()
    assert "Cai" in visit(small.ben, f"/dashboard/guide/{small.guide('cai').public_id}/").content.decode()
    page = visit(small.ben, f"/dashboard/code/{till.public_id}/?period=days_30")
    assert page.context["growth"].totals.adds == 1
    assert visit(small.cai, f"/dashboard/code/{till.public_id}/?period=days_30").context["growth"].totals.adds == 1


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("period=decade", "没有这个时间段"),
        ("from=2026-02-30&to=2026-03-01", "请填写起止两个日期"),
        ("from=2026-03-01", "请填写起止两个日期"),
        ("from=2026-03-02&to=2026-03-01", "开始日期晚于结束日期"),
        ("from=2026-03-01&to=2026-03-03", "结束日期还没到"),
        ("from=2020-03-01&to=2026-03-01", "一次最多查看 400 天"),
        ("from=0001-01-01&to=0001-01-02", "早于"),
    ],
)
def test_a_wrong_period_is_explained(small: Cast, visit: Any, query: str, complaint: str) -> None:
    page = visit(small.ada, f"{board(small.brand)}?{query}")
    assert complaint in page.content.decode() and page.context["period"].key == "days_7"


@pytest.mark.parametrize("query", ["sort=-nothing", "page=x", "page=-1", "page=99999", "part=secrets", "q=%27"])
def test_a_wrong_table_is_the_usual_one(small: Cast, visit: Any, query: str) -> None:
    assert visit(small.ada, f"{board(small.brand)}?part=stores&{query}").status_code == 200


def test_a_custom_period_shows_its_days(small: Cast, visit: Any) -> None:
    page = visit(small.ada, f"{board(small.brand)}?from=2026-02-21&to=2026-02-26")
    assert [tile.value for tile in page.context["tiles"]][:2] == [2, 2]


def test_htmx_gets_the_table_alone(small: Cast, visit: Any) -> None:
    part = visit(small.ada, f"{board(small.brand)}?part=stores", headers={"HX-Request": "true"}).content.decode()
    assert "南京路店" in part and "<html" not in part


def test_an_empty_house_says_what_to_do_first(cast: Cast, visit: Any) -> None:
    facts.fill_all(at=NOW)
    assert "做一个渠道活码" in visit(cast.ben, "/dashboard/").content.decode()


def test_no_page_has_inline_script(small: Cast, visit: Any) -> None:
    page = visit(small.ada, "/dashboard/")
    assert "script-src 'self'" in page["Content-Security-Policy"]
    scripts = [part.split(">")[0] for part in page.content.decode().split("<script")[1:]]
    assert all("src=" in s or 'type="application/json"' in s for s in scripts)


# --- files --------------------------------------------------------------------------------------------------------


def test_csv_opens_in_excel_and_runs_nothing(small: Cast, visit: Any) -> None:
    Store.objects.filter(pk=small.xujiahui.pk).update(name='=HYPERLINK("http://evil")')
    body = visit(small.ada, f"{board(small.brand)}table.csv?part=stores&sort=-live").content.decode()
    assert body.startswith("\ufeff掌柜茶饮 · 门店,2026-02-24 – 2026-03-02,数据截至,2026-03-02 12:00")
    assert """"'=HYPERLINK(""http://evil"")",上海,1,0,1,0,0.0,1,""" in body


def test_excel_keeps_texts_as_texts(small: Cast, visit: Any) -> None:
    Store.objects.filter(pk=small.xujiahui.pk).update(name="=1+1\x07")
    answer = visit(small.ada, f"{board(small.brand)}table.xlsx?part=stores&sort=name")
    sheet = load_workbook(io.BytesIO(answer.content)).active
    cells = {row[0].value: row for row in sheet.iter_rows(min_row=4)}  # type: ignore[union-attr]
    assert cells["=1+1"][0].data_type == "s"
    assert cells["南京路店"][2].value == 1 and "table" not in answer["Content-Disposition"]


def test_each_export_leaves_an_entry(small: Cast, visit: Any) -> None:
    visit(small.rita, f"{board(small.east)}table.csv")
    entry = Entry.objects.get(verb="numbers.exported")
    assert (entry.actor_id, entry.detail["node"], entry.rows) == (small.rita.pk, small.east.public_id, 2)


def test_an_agency_reads_but_takes_nothing_away(small: Cast, visit: Any) -> None:
    assert visit(small.ivy, board(small.nanjing_road)).status_code == 200
    assert visit(small.ivy, board(small.nanjing_road) + "table.csv").status_code == 403
    assert not Entry.objects.filter(verb="numbers.exported").exists()


def test_an_export_has_every_row(cast: Cast, visit: Any) -> None:
    region = cast.east
    stores = Store.objects.bulk_create(
        [Store(region=region, code=f"X{n:03}", name=f"店{n}", public_id=f"s_many{n:03}") for n in range(120)]
    )
    NodeDay.objects.bulk_create(
        [NodeDay(kind="store", node_id=s.pk, store=s, region=region, day=day_of(NOW), adds=1, live=1) for s in stores]
    )
    body = visit(cast.ada, f"{board(cast.east)}table.csv?from=2026-03-01&to=2026-03-02").content.decode()
    assert len(body.strip().splitlines()) == 3 + 120


# --- bounded queries ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "path", "most"),
    [
        ("ada", "/dashboard/{brand}/", 14),
        ("ada", "/dashboard/{brand}/?part=stores", 14),
        ("ada", "/dashboard/{nanjing_road}/?part=guides&period=days_30", 17),
        ("fang", "/dashboard/{fangs}/", 14),
        ("ben", "/dashboard/{nanjing_road}/?part=codes", 14),
        ("cai", "/dashboard/me/", 12),
    ],
)
def test_a_page_asks_the_database_a_bounded_number_of_times(
    cast: Cast, visit: Any, who: str, path: str, most: int
) -> None:
    fill_the_house(cast, at=NOW, days=20)
    assert GuideDay.objects.count() > 300
    address = path.format(
        **{name: place.public_id for name, place in vars(cast).items() if hasattr(place, "public_id")}
    )
    visit(getattr(cast, who), address)
    with CaptureQueriesContext(connection) as asked:
        visit(getattr(cast, who), address)
    told = [query["sql"][:90] for query in asked.captured_queries]
    assert len(told) <= most + 4, told  # four of them sign her in
