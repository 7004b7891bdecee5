"""The pages of data requests: HQ alone, two people for an erasure, and the customer's own door."""

import io
import zipfile
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from members import consents, recognitions
from members.joins import personal
from members.models import DataRequest, Member
from members.recognitions import Told
from members.rights import erasures, reports, requests
from scrm import clock
from scrm.audit import kinds
from scrm.audit.models import Entry
from stores.models import Role
from tests.cast import MEI, NOW, Cast, after

pytestmark = pytest.mark.django_db
PHONE = "13764501893"
PAGES = ["", "new/", "report/", "report.csv", "holidays/"]
VIEWERS = {
    "ada": 200,
    "paula": 200,
    "otto": 403,
    "ann": 403,
    "rita": 403,
    "ben": 403,
    "fang": 403,
    "cai": 403,
    "eve": 403,
}


@pytest.fixture
def mei(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Member:
    monkeypatch.setattr(clock, "now", lambda: after(days=1))
    cast.add(MEI, "cai")
    recognitions.recognise(
        [Told((("external_userid", cast.corp.corp_id, MEI), ("phone", "", PHONE)))], source="pos", at=NOW
    )
    return cast.member(MEI)


def signed_in(who: Any) -> Client:
    client = Client()
    client.force_login(who)
    return client


@pytest.mark.parametrize(("who", "status"), VIEWERS.items())
def test_hq_alone_sees_requests(cast: Cast, mei: Member, who: str, status: int) -> None:
    request = requests.ask(mei, "export", way="phone", at=NOW, by=cast.ada)
    client = signed_in(getattr(cast, who))
    pages = [*PAGES, f"{request.public_id}/"]
    assert {client.get(f"/customers/rights/{page}").status_code for page in pages} == {status}
    assert client.post(f"/customers/rights/{request.public_id}/act/", {"do": "x"}).status_code == (
        400 if status == 200 else 403
    )


def test_strangers_are_asked_to_sign_in_and_unknown_requests_are_not_there(cast: Cast, mei: Member) -> None:
    assert Client().get("/customers/rights/").status_code == 302
    assert signed_in(cast.ada).get("/customers/rights/q_nobody/").status_code == 404


def test_an_erasure_takes_two_people(cast: Cast, mei: Member) -> None:
    ada, paula = signed_in(cast.ada), signed_in(cast.paula)
    form = {"kind": "delete", "way": "letter", "asked_on": "2026-03-02", "note": "请删除"}
    page = ada.post(f"/customers/rights/new/?customer={mei.public_id}", form)["Location"]
    ada.post(page + "act/", {"do": "verify", "proof": "papers"})
    ada.post(page + "act/", {"do": "approve"})
    assert DataRequest.objects.get().state == "verified"
    assert "Approve and erase" in paula.get(page, headers={"accept-language": "en"}).content.decode()
    paula.post(page + "act/", {"do": "approve"})
    mei.refresh_from_db()
    proof = paula.get(page + "proof.json").json()
    assert (
        mei.erased_at
        and proof["approved_by"] == "paula"
        and proof["seal"] == erasures.seal_of({k: v for k, v in proof.items() if k != "approved_by"})
    )


def test_many_are_approved_at_once_but_not_ones_own(cast: Cast, mei: Member) -> None:
    other = Member.objects.create(name="Lan", created_at=NOW)
    asked = [requests.ask(m, "delete", way="phone", at=NOW, by=cast.ada) for m in (mei, other)]
    requests.verify(asked[0], proof="papers", by=cast.ada, at=NOW)
    requests.verify(asked[1], proof="papers", by=cast.paula, at=NOW)
    ids = [r.public_id for r in asked]
    signed_in(cast.paula).post("/customers/rights/approve/", {"request": ids})
    assert set(Member.objects.exclude(erased_at=None)) == {mei}


def test_a_copy_is_made_and_fetched_by_who_works_on_it(cast: Cast, mei: Member) -> None:
    request = requests.ask(mei, "export", way="phone", at=NOW, by=cast.ada)
    ada, page = signed_in(cast.ada), f"/customers/rights/{request.public_id}/"
    ada.post(page + "act/", {"do": "verify", "proof": "papers"})
    ada.post(page + "act/", {"do": "answer"})
    link = f"/customers/rights/copies/{request.copies.get().public_id}/"  # type: ignore[attr-defined]
    assert link in ada.get(page).content.decode()
    assert zipfile.ZipFile(io.BytesIO(ada.get(link).content)).testzip() is None
    assert signed_in(cast.paula).get(link).status_code == 404
    assert Entry.objects.get(verb="copy.fetched").actor == cast.ada


def test_the_customer_asks_on_her_own_page_and_her_number_says_that_it_is_she(cast: Cast, mei: Member) -> None:
    path = f"/my/{personal.token(mei)}/ask/"
    assert Client().post(path, {"kind": "delete", "phone": "13764501899"}).status_code == 302
    assert DataRequest.objects.get().state == "asked"
    assert Client().post(path, {"kind": "export", "phone": "137 6450 1893"}).status_code == 302
    export = DataRequest.objects.get(kind="export")
    assert (export.state, export.proof, export.way) == ("verified", "her_link", "page")
    assert Client().post(path, {"kind": "bomb"}).status_code == 404
    assert Client().post("/my/nobody/ask/", {"kind": "delete"}).status_code == 404


def test_a_guide_tells_hq_what_her_customer_asks(cast: Cast, mei: Member) -> None:
    path = f"/customers/{mei.public_id}/consents/ask/"
    assert signed_in(cast.cai).post(path, {"kind": "delete"}).status_code == 200
    assert signed_in(cast.cai).post(path, {"kind": "delete"}).status_code == 409
    assert DataRequest.objects.get().opened_by == cast.cai
    assert signed_in(cast.fang).post(path, {"kind": "delete"}).status_code == 404


def test_an_erased_customer_is_nowhere_to_be_opened(cast: Cast, mei: Member) -> None:
    erasures.erase([mei.pk], at=NOW)
    for who in (cast.ada, cast.cai, cast.rita):
        assert signed_in(who).get(f"/customers/{mei.public_id}/").status_code == 404
        assert signed_in(who).get(f"/customers/{mei.public_id}/consents/").status_code == 404


def test_an_erased_customer_is_in_no_list_and_found_by_no_search(cast: Cast, mei: Member) -> None:
    erasures.erase([mei.pk], at=NOW)
    ada = signed_in(cast.ada)
    for door in ("members", "relations"):
        assert ada.get(f"/api/v1/{door}/").json()["results"] == []
    assert mei.public_id not in ada.get("/customers/").content.decode()
    assert mei.public_id not in ada.get(f"/dashboard/trace/?q={MEI}").content.decode()
    assert ada.get(f"/api/v1/members/{mei.public_id}/").status_code == 404
    assert not Member.objects.visible_to(cast.cai).filter(pk=mei.pk).exists()


def test_the_report_counts_words_requests_and_looks(
    cast: Cast, mei: Member, capsys: pytest.CaptureFixture[str]
) -> None:
    consents.give(mei, ["service", "ad_match"], terms="v1", at=NOW, source="form")
    consents.withdraw(mei, ["ad_match"], at=NOW, source="hq")
    late = requests.ask(mei, "export", way="phone", at=after(days=-90), by=cast.ada)
    requests.refuse(late, reason="nobody there", by=cast.ada, at=NOW)
    words, asked, deeds, _purges = reports.read(NOW.date(), after(days=1).date())
    assert [row[4] for row in words.rows] == [1, 1, 1] and asked.rows == []
    assert reports.read(after(days=-99).date(), NOW.date())[1].rows[0][1:] == [1, 0, 0, 1, 1]
    assert [Role.HQ_ADMIN.label, kinds.sentence("datarequest.refused"), 1, 0, 1] in deeds.rows
    call_command("privacy_report", "--from", "2026-01-01", "--to", "2026-03-31")
    assert "ad_match" not in capsys.readouterr().out  # words for people, not keys
