"""Copies, corrections and erasures: within the term, by two people, and nothing of her is left."""

import io
import json
import zipfile
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import translation
from openpyxl import load_workbook

from guides.models import Relation
from members import consents, contacts, endings, fields, grades, recognitions, values
from members.contacts import Contact
from members.models import DataRequest, Forgotten, Holiday, Identity, Member
from members.recognitions import Told
from members.rights import copies, corrections, deadlines, erasures, requests
from members.rights.corrections import Right
from tests.cast import LAN, MEI, NOW, Cast, after

pytestmark = pytest.mark.django_db
PHONE, GONE = "13764501893", "13764501895"
CANARIES = ["MeiMeiCanary", "wmMeiMei", "unionCanaryMei", "13764501893", "CardCanary77", "canary-remark"]
CANARIES += ["said-beside-her-grade", GONE]


def known(cast: Cast) -> Member:
    """Mei, of whom every table knows something."""
    cast.add(MEI, "cai", code=cast.code())
    contacts.learn_many(
        cast.corp.pk, [Contact(MEI, "MeiMeiCanary", "https://wx.qlogo.cn/mei", 2, "unionCanaryMei")], at=NOW
    )
    mei = cast.member(MEI)
    ids = (("external_userid", cast.corp.corp_id, MEI), ("phone", "", PHONE), ("card", "", "CardCanary77"))
    recognitions.recognise([Told(ids)], source="pos", at=NOW)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO guides_note (guide_id, member_id, remark, description, company, add_way, changed_at)"
            " VALUES (%s, %s, 'canary-remark', 'canary-remark', '', 1, %s)",
            [cast.guide("cai").pk, mei.pk, NOW],
        )
    consents.give(mei, ["marketing_1v1"], terms="v1", at=NOW, source="guide", by=cast.cai)
    told = {"grade": "A", "until": after(days=9).date(), "reason": "said-beside-her-grade"}
    grades.set_by_hand(mei, store=None, by=cast.ada, at=NOW, **told)  # type: ignore[arg-type]
    recognitions.recognise([Told((*ids[:1], ("phone", "", GONE)))], source="pos", at=NOW)
    number = Identity.objects.get(kind="phone", value=values.index("phone", values.normal("phone", GONE)))
    endings.end(number, [mei], why="recycled", since=NOW.date(), by=cast.ada, at=NOW)
    return mei


def forget(cast: Cast, member: Member) -> DataRequest:
    """As two people at HQ do it, a day later."""
    at = after(days=1)
    request = requests.ask(member, "delete", way="phone", at=at, by=cast.ada)
    requests.verify(request, proof="papers", by=cast.ada, at=at)
    erasures.carry_out(requests.approve([request], by=cast.paula, at=at), by=cast.paula, at=at)
    request.refresh_from_db()
    return request


def dump() -> str:
    """Everything that the database holds in texts, bytes and JSON."""
    told = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, string_agg(quote_ident(column_name), ',') FROM information_schema.columns"
            " WHERE table_schema = 'public' AND (table_name, column_name) <> ('guides_relationfact', 'digest')"
            " AND data_type IN"  # the cast takes ids themselves for digests
            " ('text', 'character varying', 'bytea', 'jsonb', 'json', 'ARRAY', 'character') GROUP BY 1"
        )
        for table, columns in cursor.fetchall():
            cursor.execute(f'SELECT {columns} FROM "{table}"')
            told += [_plain(value) for row in cursor.fetchall() for value in row if value]
    return "\n".join(told)


def _plain(value: Any) -> str:
    if isinstance(value, memoryview | bytes):
        return bytes(value).decode("utf-8", "ignore")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def test_the_dump_would_show_her(cast: Cast) -> None:
    known(cast)
    seen = dump()
    assert all(canary in seen for canary in CANARIES if canary not in {PHONE, GONE, "CardCanary77"})  # those are sealed


def test_after_an_erasure_no_table_names_her(cast: Cast) -> None:
    mei = known(cast)
    sealed_before = list(Identity.objects.exclude(sealed=None).values_list("value", flat=True))
    assert len(sealed_before) == 3  # her phone, her card, and the number that she had
    request = forget(cast, mei)
    left = dump()
    assert not [canary for canary in [*CANARIES, *sealed_before] if canary in left]
    mei.refresh_from_db()
    assert (mei.erased_at, mei.name, mei.avatar) == (after(days=1), "", "")
    assert request.state == "done" and request.result["rows_emptied_in_this_run"]["guides' notes"] == 1
    assert request.result["seal"] == erasures.seal_of(request.result)
    assert Relation.objects.get(member=mei).state == "live"  # the guide's sums still hold


def test_contact_stops_when_it_is_known_who_asks(cast: Cast) -> None:
    mei = known(cast)
    request = requests.ask(mei, "delete", way="store", at=after(days=1), by=cast.ada)
    assert consents.allows([mei.pk], "marketing_1v1", at=after(days=1))
    requests.verify(request, proof="papers", by=cast.ada, at=after(days=1))
    assert not consents.allows([mei.pk], "marketing_1v1", at=after(days=1))
    assert not consents.allows([mei.pk], "service", at=after(days=1))


def test_who_verified_an_erasure_does_not_approve_it(cast: Cast) -> None:
    request = requests.ask(known(cast), "delete", way="store", at=NOW, by=cast.ada)
    with pytest.raises(requests.NotNow):
        requests.approve([request], by=cast.paula, at=NOW)
    requests.verify(request, proof="papers", by=cast.ada, at=NOW)
    with pytest.raises(requests.NotByYou):
        requests.approve([request], by=cast.ada, at=NOW)
    with pytest.raises(erasures.NotAnErasure):
        erasures.carry_out([request], by=cast.ada, at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():  # whatever code comes after us
        DataRequest.objects.filter(pk=request.pk).update(state="approved", approved_by=cast.ada)


def test_a_second_erasure_empties_nothing(cast: Cast) -> None:
    mei = known(cast)
    assert erasures.erase([mei.pk], at=after(days=1)) and not erasures.erase([mei.pk], at=after(days=2))
    mei.refresh_from_db()
    assert mei.erased_at == after(days=1)


def test_no_sync_brings_her_back_and_her_deletion_still_counts(cast: Cast) -> None:
    mei = known(cast)
    forget(cast, mei)
    told = contacts.learn_many(
        cast.corp.pk, [Contact(MEI, "MeiMeiCanary", "https://x.cn/a", 2, "unionCanaryMei")], at=after(days=2)
    )
    assert (told.members, told.new, told.fresh) == ({MEI: mei.pk}, set(), set())
    cast.tell(MEI, "cai", "cust_del", at=after(days=3))
    assert Relation.objects.get(member=mei).state == "lost"
    assert not [canary for canary in CANARIES if canary in dump_of_people()]


def dump_of_people() -> str:
    return "".join(f"{m.name} {m.avatar}" for m in Member.objects.all()) + "".join(
        f"{i.value} {i.sealed}" for i in Identity.objects.all()
    )


def test_when_she_comes_again_she_is_somebody_new(cast: Cast) -> None:
    mei = known(cast)
    forget(cast, mei)
    cast.tell(MEI, "cai", "cust_del", at=after(days=2))
    cast.add(MEI, "dong", at=after(days=3))
    again = cast.member(MEI)
    assert again.pk != mei.pk and again.erased_at is None and not Forgotten.objects.exists()
    (by_phone,) = recognitions.recognise([Told((("phone", "", PHONE),))], source="pos", at=after(days=4))
    assert by_phone not in {mei.pk, None}


def test_all_of_a_person_is_forgotten(cast: Cast) -> None:
    mei = known(cast)
    card = Member.objects.create(name="MeiMeiCanary", created_at=NOW, same_person_as=mei)
    forget(cast, card)  # whichever of her is named
    assert Member.objects.filter(erased_at=None).count() == 0 and "MeiMeiCanary" not in dump()


def test_nobody_else_is_forgotten(cast: Cast) -> None:
    cast.add(LAN, "cai")
    contacts.learn_many(cast.corp.pk, [Contact(LAN, "Lan", "", 2, "unionLan")], at=NOW)
    before = sorted(Identity.objects.filter(member=cast.member(LAN)).values_list("kind", "value"))
    forget(cast, known(cast))
    lan = cast.member(LAN)
    assert (lan.name, lan.erased_at) == ("Lan", None)
    assert sorted(Identity.objects.filter(member=lan).values_list("kind", "value")) == before


def test_her_copy_holds_what_every_floor_keeps(cast: Cast) -> None:
    mei = known(cast)
    request = requests.ask(mei, "export", way="phone", at=NOW, by=cast.ada)
    requests.verify(request, proof="phone_code", by=cast.ada, at=NOW)
    copy = copies.make(request, by=cast.ada, at=NOW)
    packed = zipfile.ZipFile(io.BytesIO(copies.fetch(copy, by=cast.ada, at=after(hours=1))))
    told = json.loads(packed.read("copy.json"))
    assert told["customer"][0]["name"] == "MeiMeiCanary" and told["guides' notes"][0]["remark"] == "canary-remark"
    assert {i["value"] for i in told["ids"]} == {MEI, "unionCanaryMei", "+86" + PHONE, "CARDCANARY77"}
    assert "canary" not in dump().replace("canary-remark", "").lower().replace("meimeicanary", "").replace(
        "unioncanarymei", ""
    )


def test_a_copy_runs_no_formula(cast: Cast) -> None:
    told = {"customer": [{"name": '=HYPERLINK("http://x")', "n": 1}]}
    packed = zipfile.ZipFile(io.BytesIO(copies.packed(told, at=NOW)))
    assert "'=HYPERLINK" in packed.read("customer.csv").decode()


def test_a_copy_is_personal_and_runs_out(cast: Cast) -> None:
    request = requests.ask(known(cast), "export", way="phone", at=NOW, by=cast.ada)
    requests.verify(request, proof="phone_code", by=cast.ada, at=NOW)
    copy = copies.make(request, by=cast.ada, at=NOW)
    for who, at in ((cast.paula, NOW), (cast.ada, after(days=3))):
        with pytest.raises(copies.IsOver):
            copies.fetch(copy, by=who, at=at)
    assert all(copies.fetch(copy, by=cast.ada, at=NOW) for _ in range(copies.FETCHES))
    with pytest.raises(copies.IsOver):
        copies.fetch(copy, by=cast.ada, at=NOW)


def test_what_was_wrong_is_put_right(cast: Cast) -> None:
    mei = known(cast)
    request = requests.ask(mei, "correct", way="store", at=NOW, by=cast.ada)
    requests.verify(request, proof="known", by=cast.ada, at=NOW)
    right = Right(name="Mei", phone="137 6450 1895", birthday=date(2020, 2, 29))
    assert corrections.correct(request, right, by=cast.ada, at=NOW) == [
        *("field:birthday", "minor_until", "name", "phones"),
    ]
    mei.refresh_from_db()
    request.refresh_from_db()
    assert (mei.name, str(mei.minor_until)) == ("Mei", "2034-03-01")
    assert [i.sealed for i in Identity.objects.filter(member=mei, kind="phone")] == ["+8613764501895"]
    assert json.loads(request.wanted)["before"]["name"] == "MeiMeiCanary" and "MeiMeiCanary" not in dump()


def test_a_field_of_the_brand_s_own_and_her_gender_are_put_right(cast: Cast) -> None:
    mei = known(cast)
    tea = fields.make("tea", "爱喝的茶", "choice", choices=["绿茶", "红茶"], by=cast.ada, at=NOW)
    size = fields.make("size", "鞋码", "number", by=cast.ada, at=NOW)
    fields.write([fields.Told(mei.pk, tea, "绿茶"), fields.Told(mei.pk, size, 36)], source="import", by=None, at=NOW)
    request = requests.ask(mei, "correct", way="store", at=NOW, by=cast.ada)
    requests.verify(request, proof="known", by=cast.ada, at=NOW)
    right = Right(gender=1, fields={tea: "红茶", size: None})
    assert corrections.correct(request, right, by=cast.ada, at=NOW) == ["field:size", "field:tea", "gender"]
    assert fields.of([mei.pk]) == {(mei.pk, tea.pk): "红茶"} and Member.objects.get(pk=mei.pk).gender == 1
    kept = json.loads(DataRequest.objects.get(pk=request.pk).wanted)
    assert (kept["before"]["field:size"], kept["before"]["field:tea"]) == (36, "绿茶")


def test_a_birthday_that_was_put_right_counts_for_segments_and_for_her_age(cast: Cast) -> None:
    mei = known(cast)
    request = requests.ask(mei, "correct", way="store", at=NOW, by=cast.ada)
    requests.verify(request, proof="papers", by=cast.ada, at=NOW)
    corrections.correct(request, Right(birthday=date(2014, 5, 5)), by=cast.ada, at=NOW)
    assert fields.of([mei.pk]) == {(mei.pk, fields.birthday(NOW).pk): date(2014, 5, 5)}
    assert str(Member.objects.get(pk=mei.pk).minor_until) == "2028-05-05"


def test_a_copy_opens_as_one_book_that_runs_nothing(cast: Cast) -> None:
    bad = '=HYPERLINK("http://x")'
    told = {"customer": [{"name": bad}], "orders": [{"paid": 59.9, "goods": "茶", "lines": ["a"]}], "guides' notes": []}
    told["a/very:long*heading?that[no]sheet may bear"] = [{"x": 1}]
    book = load_workbook(io.BytesIO(copies.book_of(copies.packed(told, at=NOW))))
    assert len(book.sheetnames) == 4 and all(len(name) <= 31 for name in book.sheetnames)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"] and bad in [cell.value for cell in cells]
    (paid,) = [cell for cell in cells if cell.value == 59.9]
    assert paid.number_format == "General" and '["a"]' in [cell.value for cell in cells]


def test_a_copy_speaks_the_reader_s_language(cast: Cast) -> None:
    with translation.override("zh-hans"):
        packed = zipfile.ZipFile(io.BytesIO(copies.packed(copies.gathered([known(cast).pk]), at=NOW)))
        book = load_workbook(io.BytesIO(packed.read("copy.xlsx")))
    heads = {cell.value for sheet in book.worksheets[1:] for cell in sheet[1]}
    assert {"客户", "授权"} <= set(book.sheetnames) and "姓名" in heads
    assert not [head for head in heads if head.isascii()]
    assert json.loads(packed.read("copy.json"))["customer"][0]["name"] == "MeiMeiCanary"


def test_one_thing_is_asked_once_at_a_time(cast: Cast) -> None:
    mei = known(cast)
    request = requests.ask(mei, "export", way="phone", at=NOW, by=cast.ada)
    with pytest.raises(requests.AlreadyAsked):
        requests.ask(mei, "export", way="store", at=NOW)
    requests.refuse(request, reason="not she", by=cast.ada, at=NOW)
    with pytest.raises(requests.NotNow):
        requests.verify(request, proof="papers", by=cast.ada, at=NOW)
    assert requests.ask(mei, "export", way="store", at=NOW).is_open


def test_a_restricted_person_is_served_and_not_courted(cast: Cast) -> None:
    mei = known(cast)
    request = requests.ask(mei, "restrict", way="phone", at=NOW, by=cast.ada)
    requests.verify(request, proof="papers", by=cast.ada, at=after(hours=1))
    assert consents.allows([mei.pk], "service", at=after(hours=2))
    assert not consents.allows([mei.pk], "marketing_1v1", at=after(hours=2))


def test_the_term_counts_working_days(cast: Cast) -> None:
    assert deadlines.due(date(2026, 3, 2), 15) == date(2026, 3, 23)  # three weeks of five days
    Holiday.objects.create(day=date(2026, 3, 9), name="假")
    Holiday.objects.create(day=date(2026, 3, 14), works=True, name="班")
    assert deadlines.due(date(2026, 3, 2), 15) == date(2026, 3, 23)
    Holiday.objects.filter(works=True).delete()
    assert deadlines.due(date(2026, 3, 2), 15) == date(2026, 3, 24)


def test_a_thousand_are_forgotten_by_a_few_queries(cast: Cast, django_assert_max_num_queries: Any) -> None:
    people = [Told((("phone", "", f"1376450{n:04}"),), f"Canary{n}") for n in range(1000)]
    members = [m for m in recognitions.recognise(people, source="pos", at=NOW) if m]
    with django_assert_max_num_queries(44):
        erasures.erase(members, at=NOW)
    assert Member.objects.filter(erased_at=NOW).count() == 1000 and "Canary" not in dump_of_people()
