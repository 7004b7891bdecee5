"""The pages on which HQ brings files in."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from scrm.audit.models import Entry
from scrm.imports import uploads
from scrm.imports.kinds import KINDS
from scrm.imports.models import Import, ImportRow
from scrm.sheets import inert
from stores.models import Store
from tests.cast import NOW, Cast
from tests.imports.conftest import Desk, came_to, csv_of
from tests.imports.test_members import HEAD as MEMBER_HEAD
from tests.imports.test_members import MEIS
from tests.imports.test_stores import HEAD

pytestmark = pytest.mark.django_db
FILE = [HEAD, ["S100", "外滩店", "华东"], ["S001", "旗舰店"], ["S002", "", "火星"]]


def signed_in(who: Any) -> Client:
    client = Client()
    client.force_login(who)
    return client


def post_file(client: Client, kind: str, rows: Any, name: str = "门店.csv") -> Any:
    file = SimpleUploadedFile(name, csv_of(rows))
    return client.post(reverse("imports:shelf"), {"kind": kind, "file": file})


def test_from_the_upload_to_the_result(cast: Cast) -> None:
    client = signed_in(cast.otto)
    page = post_file(client, "stores", FILE)["Location"]
    shown = client.get(page)
    assert "预览" in shown.content.decode() and [one.outcome for one in shown.context["lines"]] == [
        "created",
        "updated",
        "rejected",
    ]
    assert not Store.objects.filter(code="S100").exists()
    client.post(page + "choose/", {"make": ["region"]})
    client.post(page + "apply/")
    done = client.get(page)
    assert done.context["upload"].state == "applied"
    store = Store.objects.get(code="S100")
    assert reverse("admin:stores_store_change", args=[store.pk]) in done.content.decode()
    verbs = set(Entry.objects.filter(actor=cast.otto).values_list("verb", flat=True))
    assert {"import.uploaded", "import.applied"} <= verbs


@pytest.mark.parametrize("who", ["paula", "ann", "rita", "fang", "ben", "cai", "ivy", "eve"])
def test_only_hq_brings_files(desk: Desk, who: str) -> None:
    upload = desk.look("stores", FILE)
    client = signed_in(getattr(desk.cast, who))
    assert client.get(reverse("imports:shelf")).status_code == 403
    assert post_file(client, "stores", FILE).status_code == 403
    for page in ("upload", "apply", "choose", "discard"):
        address = reverse(f"imports:{page}", args=[upload.public_id])
        assert client.post(address).status_code in (403, 405) and client.get(address).status_code in (403, 405)
    assert client.get(reverse("imports:lines", args=[upload.public_id]) + "?as=csv").status_code == 403


def test_who_may_not_give_seats_does_not_import_them(desk: Desk) -> None:
    otto = signed_in(desk.cast.otto)
    file = [["企业微信账号", "角色"], ["cai", "总部管理员"]]
    assert post_file(otto, "people", file).status_code == 400
    upload = desk.look("people", file)
    assert otto.get(reverse("imports:upload", args=[upload.public_id])).status_code == 403
    assert otto.post(reverse("imports:apply", args=[upload.public_id])).status_code == 403
    assert upload.public_id not in otto.get(reverse("imports:shelf")).content.decode()


def test_lines_are_filtered_and_paged(desk: Desk) -> None:
    upload = desk.look("stores", [HEAD, *[[f"N{n}", "店", "华东"] for n in range(60)], ["S1", "", ""]])
    client, page = signed_in(desk.cast.ada), reverse("imports:upload", args=[upload.public_id])
    assert len(client.get(page).context["lines"]) == 50
    assert len(client.get(page, {"page": 2}).context["lines"]) == 11
    (line,) = client.get(page, {"outcome": "rejected"}).context["lines"]
    assert line.number == 62


def test_lines_of_members_are_masked_on_the_page_and_noted(desk: Desk) -> None:
    upload = desk.look("members", [MEMBER_HEAD, MEIS])
    page = signed_in(desk.cast.ada).get(reverse("imports:upload", args=[upload.public_id])).content.decode()
    assert "138****0001" in page and "13800010001" not in page and "****1" in page and "VIP1<" not in page
    assert Entry.objects.filter(verb="import.read", actor=desk.cast.ada).exists()


def test_the_answers_are_taken_away_inert_and_can_be_brought_again(desk: Desk) -> None:
    odd = [HEAD, ["S100", '"@店,+1"', "华东"], ["S101", "", "华东"]]
    upload = desk.look("stores", odd)
    client = signed_in(desk.cast.ada)
    csv = b"".join(client.get(reverse("imports:lines", args=[upload.public_id]) + "?as=csv").streaming_content)  # type: ignore[attr-defined]
    xlsx = b"".join(client.get(reverse("imports:lines", args=[upload.public_id]) + "?as=xlsx").streaming_content)  # type: ignore[attr-defined]
    assert b"'@\xe5\xba\x97" in csv
    sheet = load_workbook(io.BytesIO(xlsx)).worksheets[0]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    assert sheet["B2"].value == "@店,+1" and "未填写" in str(sheet.cell(3, sheet.max_column).value)
    for content in (csv, xlsx):
        assert came_to(desk.look("stores", content)) == ["created", "rejected"]
    assert Entry.objects.filter(verb="import.exported", actor=desk.cast.ada).count() == 2


@pytest.mark.parametrize("kind", KINDS)
def test_templates_explain_themselves_and_are_read_back(desk: Desk, kind: str) -> None:
    answer = signed_in(desk.cast.ada).get(reverse("imports:template"), {"kind": kind})
    assert answer["Content-Type"] == inert.EXCEL
    book = load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames[1] == "填写说明"
    assert [cell.value for cell in book.worksheets[0][1]] == [column.names[0] for column in KINDS[kind].columns]
    assert desk.look(kind, answer.content).problem["code"] == "only_header"
    book.worksheets[0].append([column.example for column in KINDS[kind].columns])
    out = io.BytesIO()
    book.save(out)
    assert desk.look(kind, out.getvalue()).state == "previewed"  # the explanations are not taken for lines


def test_a_large_file_is_left_to_the_worker(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "AT_ONCE", 10)
    client = signed_in(cast.ada)
    page = post_file(client, "stores", FILE)["Location"]
    assert "hx-get" in client.get(page).content.decode()
    assert "at-work" in client.get(page + "?part=state", headers={"HX-Request": "true"}).content.decode()
    assert uploads.lane(NOW) == 1 and uploads.lane(NOW) == 0
    assert client.get(page + "?part=state", headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    client.post(page + "apply/")
    assert Import.objects.get().state == "applying"
    assert uploads.lane(NOW) == 1 and Import.objects.get().state == "applied"


def test_what_changed_since_the_preview_is_judged_anew(desk: Desk) -> None:
    upload = desk.look("stores", FILE[:2])
    desk.bring("stores", FILE[:2])
    assert came_to(upload) == ["created"]
    upload = desk.apply(upload)
    assert came_to(upload) == ["unchanged"] and upload.counts["created"] == 0


def test_what_comes_in_between_breaks_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from stores import places

    upload = desk.look("stores", FILE[:2])

    def too_late(*_: Any) -> None:
        raise IntegrityError("somebody was quicker")

    monkeypatch.setattr(places, "open_many", too_late)
    upload = desk.apply(upload)
    assert (upload.state, upload.problem["code"]) == ("previewed", "changed_meanwhile")
    assert not Store.objects.filter(code="S100").exists()


def test_an_import_is_done_once_however_often_one_clicks(desk: Desk) -> None:
    upload = desk.bring("stores", FILE[:2])
    client = signed_in(desk.cast.ada)
    for deed in ("apply", "choose", "discard"):
        assert client.post(reverse(f"imports:{deed}", args=[upload.public_id])).status_code == 302
    assert Import.objects.get().state == "applied" and Entry.objects.filter(verb="import.applied").count() == 1


def test_discarded_lines_are_gone(desk: Desk) -> None:
    upload = desk.look("members", [MEMBER_HEAD, MEIS])
    signed_in(desk.cast.ada).post(reverse("imports:discard", args=[upload.public_id]))
    assert not ImportRow.objects.exists() and Import.objects.get().state == "discarded"


def test_lines_are_forgotten_in_time(desk: Desk) -> None:
    desk.bring("members", [MEMBER_HEAD, MEIS])
    assert uploads.forget(before=NOW, at=NOW) == 0
    assert uploads.forget(before=NOW + timedelta(days=1), at=NOW) == 1
    upload = Import.objects.get()
    assert not ImportRow.objects.exists() and upload.counts["created"] == 1 and upload.forgotten_at
    page = signed_in(desk.cast.ada).get(reverse("imports:upload", args=[upload.public_id]))
    assert "明细已清除" in page.content.decode()


def test_the_database_holds_no_plain_line(desk: Desk) -> None:
    from django.db import connection

    desk.look("members", [MEMBER_HEAD, MEIS])
    with connection.cursor() as cursor:
        cursor.execute("SELECT r::text FROM imports_importrow r UNION ALL SELECT i::text FROM imports_import i")
        stored = " ".join(text for (text,) in cursor.fetchall())
    assert "13800010001" not in stored and "王梅" not in stored and "VIP1" not in stored
