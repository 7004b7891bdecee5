"""A customer who chose her nickname to do harm where it is shown."""

import csv
import io
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from guides.models import Guide
from members.models import Member
from scrm.dashboard import facts
from scrm.sheets import inert
from tests.cast import MEI, NOW, Cast, after

EVIL = '"><script>alert(1)</script>\u202e{{7*7}}'
PAGES = ["/codes/", "/codes/unplaced/", "/codes/{code}/", "/codes/sheet/?code={code}&line={evil}", "/codes/?q={evil}"]
PAGES += ["/dashboard/{store}/?period=days_30&part=guides&q={evil}", "/dashboard/guide/{guide}/"]
PAGES += ["/admin/members/member/?q={evil}", "/admin/members/member/{member}/change/", "/admin/guides/relation/"]
PAGES += ["/admin/guides/guide/{pk}/change/", "/admin/guides/code/", "/admin/campaigns/welcome/add/?name={evil}"]


@pytest.fixture
def words(cast: Cast) -> dict[str, Any]:
    """Mei, Cai and a code by that name."""
    relation = cast.add(MEI, "cai", code=cast.code(name=EVIL))
    Member.objects.update(name=EVIL)
    Guide.objects.filter(pk=relation.guide_id).update(name=EVIL)
    facts.fill_all(at=after(days=1))
    said = {"code": relation.code.public_id, "guide": relation.guide.public_id, "pk": relation.guide_id}  # type: ignore[union-attr]
    return {**said, "store": cast.nanjing_road.public_id, "member": relation.member_id, "evil": quote(EVIL)}


@pytest.mark.parametrize("page", PAGES)
def test_no_page_runs_what_a_name_says(cast: Cast, words: dict[str, Any], page: str) -> None:
    client = Client()
    client.force_login(cast.ada)
    answer = client.get(page.format(**words))
    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()
    assert "'unsafe-inline'" not in answer["Content-Security-Policy"].partition("script-src")[2].partition(";")[0]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_of_an_export_begins_as_a_formula(cast: Cast, start: str) -> None:
    cast.add(MEI, "cai", at=NOW)
    Guide.objects.filter(userid="cai").update(name=f'{start}HYPERLINK("http://evil.example")')
    facts.fill_all(at=after(days=1))
    client = Client()
    client.force_login(cast.ben)
    said = client.get(f"/dashboard/{cast.nanjing_road.public_id}/table.csv?from=2026-03-01&to=2026-03-03&part=guides")
    cells = [cell for line in csv.reader(io.StringIO(said.content.decode("utf-8-sig"), newline="")) for cell in line]
    assert any("HYPERLINK" in cell for cell in cells)
    assert not [cell for cell in cells if cell.startswith(inert.STARTS_A_FORMULA)]
