"""The drift report's page, its files and its button, for each kind of viewer."""

from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from guides.models import Drift, Guide
from scrm.audit.models import Entry
from tests.cast import Cast
from tests.drift.conftest import Book

pytestmark = pytest.mark.django_db
DAYS = "from=2026-03-01&to=2026-03-02"


@pytest.fixture
def drifts(cast: Cast, book: Book) -> None:
    """Cai has one add too few and two deletions, Dong an add too many, Gu an add too few."""
    book.counts(cast.guide("cai"), contacts=1, deletions=2)
    cast.add("wmZhuZhuZhuZhuZhuZhuZhuZhuZhuZhu00", "dong")
    book.counts(cast.guide("dong"))
    book.counts(cast.guide("gu"), contacts=1)
    book.judge()


def browser(person: Any, language: str = "zh-hans") -> Client:
    client = Client(headers={"Accept-Language": language})
    client.force_login(person)
    return client


def seen(person: Any, query: str = DAYS) -> str:
    answer = browser(person, "en").get(f"/dashboard/drift/?{query}")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(
    ("who", "names"),
    [("ada", "Cai Dong Gu"), ("rita", "Cai Dong"), ("ben", "Cai"), ("fang", "Gu"), ("ann", "Cai Dong Gu")],
)
def test_each_sees_the_differences_of_her_own_stores(cast: Cast, drifts: None, who: str, names: str) -> None:
    page = seen(getattr(cast, who))
    assert [name for name in ("Cai", "Dong", "Gu") if f"<bdi>{name}</bdi>" in page] == names.split()


@pytest.mark.parametrize("path", ["", "drift.csv", "drift.xlsx"])
@pytest.mark.parametrize("who", ["cai", "eve"])
def test_guides_and_strangers_may_not_look(cast: Cast, drifts: None, who: str, path: str) -> None:
    assert browser(getattr(cast, who)).get(f"/dashboard/drift/{path}").status_code == 403


def test_it_says_in_plain_chinese_what_is_wrong_and_what_to_do(cast: Cast, drifts: None) -> None:
    page = browser(cast.ada).get(f"/dashboard/drift/?{DAYS}").content.decode()
    for words in ("企业微信多记了 1 位新客户", "2 位客户删除了导购", "我们比企业微信多记了 1 位新客户", "无法得知是谁"):
        assert words in page, words


@pytest.mark.parametrize(
    ("query", "names"),
    [("kind=deletions", "Cai"), ("q=徐家汇", "Dong"), ("q=Gu", "Gu"), ("state=gone", ""), ("to=2026-02-01", "")],
)
def test_it_is_filtered(cast: Cast, drifts: None, query: str, names: str) -> None:
    page = seen(cast.ada, f"{DAYS}&{query}")
    assert [name for name in ("Cai", "Dong", "Gu") if f"<bdi>{name}</bdi>" in page] == names.split()


def test_it_is_filtered_by_region_and_store(cast: Cast, drifts: None) -> None:
    assert "<bdi>Gu</bdi>" not in seen(cast.ada, f"{DAYS}&region={cast.east.public_id}")
    page = seen(cast.ada, f"{DAYS}&store={cast.xujiahui.public_id}")
    assert "<bdi>Dong</bdi>" in page and "<bdi>Cai</bdi>" not in page
    assert "<bdi>" not in seen(cast.ben, f"{DAYS}&store={cast.xujiahui.public_id}")


@pytest.mark.parametrize("query", ["from=x&to=y", "state=no&kind=no", "page=99", "region=r_no", "from=9999-12-31"])
def test_nonsense_breaks_nothing(cast: Cast, drifts: None, query: str) -> None:
    seen(cast.ada, query)


def test_hq_accepts_what_nobody_can_find_and_the_audit_says_who(cast: Cast, drifts: None) -> None:
    drift = Drift.objects.get(kind="deletions")
    browser(cast.otto).post(f"/dashboard/drift/accept/?{DAYS}", {"drift": [drift.public_id]})
    drift.refresh_from_db()
    assert (drift.state, drift.accepted_by) == ("accepted", cast.otto)
    assert Entry.objects.get(verb="drift.accepted").actor == cast.otto
    assert "Accepted by Otto" in seen(cast.ada, f"{DAYS}&state=accepted")


@pytest.mark.parametrize("who", ["ben", "rita", "ann", "cai", "eve"])
def test_nobody_else_may_accept(cast: Cast, drifts: None, who: str) -> None:
    drift = Drift.objects.get(kind="deletions")
    answer = browser(getattr(cast, who)).post("/dashboard/drift/accept/", {"drift": [drift.public_id]})
    drift.refresh_from_db()
    assert answer.status_code == 403 and drift.state == "open"


def test_the_files_hold_what_the_page_shows_and_run_nothing(cast: Cast, drifts: None) -> None:
    Guide.objects.filter(userid="cai").update(name="=1+1")
    client = browser(cast.ben, "en")
    text = b"".join(client.get(f"/dashboard/drift/drift.csv?{DAYS}").streaming_content).decode()  # type: ignore[attr-defined]
    assert text.count("\n") == 3 and "'=1+1" in text and "Dong" not in text
    sheet = load_workbook(BytesIO(client.get(f"/dashboard/drift/drift.xlsx?{DAYS}").getvalue())).active
    assert sheet is not None and sheet.max_row == 3 and sheet["C2"].data_type == "s"
    assert [e.detail["filters"]["from"] for e in Entry.objects.filter(verb="drift.exported")] == ["2026-03-01"] * 2


def test_only_hq_sees_how_much_is_known(cast: Cast, drifts: None) -> None:
    assert "guides known" in seen(cast.ada) and "guides known" not in seen(cast.ben)
