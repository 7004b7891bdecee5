"""Members of before, with what they allowed."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from members import consents, identities
from members.models import Consent, Identity, Joining, Member
from scrm.clock import start_of
from tests.cast import MEI, NOW, after
from tests.imports.conftest import Desk, came_to, said

HEAD = ["姓名", "手机号", "会员卡号", "入会门店", "入会日期", "同意用途", "条款版本", "同意日期", "同意凭证"]
YES = ["服务、一对一营销", "隐私政策 V3", "2021-06-18", "登记表 33"]
MEIS = ["王梅", "13800010001", "VIP1", "S001", "2021-06-18", *YES]
NO_WORD = ["", "", "", ""]
db = pytest.mark.django_db


@db
def test_a_member_comes_with_her_ids_her_store_and_her_consent(desk: Desk) -> None:
    upload = desk.bring("members", [HEAD, MEIS])
    mei = Member.objects.get(public_id=upload.rows.get().thing)  # type: ignore[attr-defined]
    assert (mei.name, Joining.objects.get(member=mei).on) == ("王梅", date(2021, 6, 18))
    assert {identities.shown(i) for i in mei.identities.all()} == {"138****0001", "****1"}  # type: ignore[attr-defined]
    said_by_her = Consent.objects.filter(member=mei)
    assert {(c.purpose, c.terms, c.at, c.evidence, c.source) for c in said_by_her} == {
        (p, "隐私政策 V3", start_of(date(2021, 6, 18)), "登记表 33", "import") for p in ("service", "marketing_1v1")
    }
    assert consents.allows([mei.pk], "marketing_1v1", at=NOW) == {mei.pk}
    assert Member.objects.visible_to(desk.cast.ben).get() == mei
    assert not Member.objects.visible_to(desk.cast.dong).exists()


@db
def test_without_consent_nothing_may_contact_her_and_the_preview_says_so(desk: Desk) -> None:
    upload = desk.bring("members", [HEAD, ["兰", "13800010002", "", "", "", *NO_WORD]])
    assert came_to(upload) == ["created"] and "没有同意记录" in said(upload, 2)
    lan = Member.objects.get()
    assert not any(consents.allows([lan.pk], purpose, at=NOW) for purpose in Consent.Purpose.values)
    assert not Member.objects.visible_to(desk.cast.ben).exists()


@db
def test_the_same_file_twice_changes_nothing(desk: Desk) -> None:
    file = [HEAD, MEIS, ["兰", "+86 138 0001 0002", "", "S002", "2020/1/1", *NO_WORD]]
    assert came_to(desk.bring("members", file)) == ["created", "created"]
    assert came_to(desk.bring("members", file, at=after(days=3))) == ["unchanged", "unchanged"]
    assert (Member.objects.count(), Identity.objects.count(), Consent.objects.count()) == (2, 3, 2)


@db
def test_what_is_new_of_a_member_is_added(desk: Desk) -> None:
    desk.bring("members", [HEAD, ["王梅", "", "VIP1", "", "", *NO_WORD]])
    upload = desk.bring("members", [HEAD, ["王小梅", "13800010001", "vip1", "S001", "2021-06-18", *YES]])
    assert came_to(upload) == ["updated"]
    answer = said(upload, 2)
    assert "王梅 → 王小梅" in answer and "138****0001" in answer and "服务" in answer
    assert Member.objects.get().name == "王小梅" and Identity.objects.count() == 2


@db
def test_two_people_are_never_made_one_here(desk: Desk) -> None:
    desk.bring("members", [HEAD, MEIS, ["兰", "13800010002", "VIP2", "", "", *NO_WORD]])
    upload = desk.look(
        "members",
        [HEAD, ["?", "13800010001", "VIP2", "", "", *NO_WORD], ["?", "13800010001", "VIP3", "", "", *NO_WORD]],
    )
    assert came_to(upload) == ["rejected", "rejected"]
    upload = desk.look("members", [HEAD, ["?", "13800010001", "VIP3", "", "", *NO_WORD]])
    assert "****1" in said(upload, 2)


@db
def test_two_lines_about_one_member_are_set_against_each_other(desk: Desk) -> None:
    desk.bring("members", [HEAD, MEIS])
    lines = [["甲", "13800010001", "", "", "", *NO_WORD], ["乙", "", "VIP1", "", "", *NO_WORD]]
    for order in (lines, lines[::-1]):
        assert came_to(desk.look("members", [HEAD, *order])) == ["rejected", "rejected"]


@db
def test_a_name_that_wecom_tells_stays(desk: Desk) -> None:
    desk.cast.add(MEI, "cai")
    mei = desk.cast.member(MEI)
    Member.objects.filter(pk=mei.pk).update(name="梅子")
    identities.add_ids([(mei.pk, "phone", "+8613800010001")])
    upload = desk.bring("members", [HEAD, MEIS])
    assert came_to(upload) == ["updated"] and Member.objects.get().name == "梅子"


@db
def test_an_old_consent_does_not_undo_what_she_withdrew_since(desk: Desk) -> None:
    desk.bring("members", [HEAD, MEIS])
    mei = Member.objects.get()
    consents.withdraw(mei, at=NOW, source="guide")
    older = [HEAD, [*MEIS[:5], "一对一营销", "V4", "2022-01-01", "短信"]]
    upload = desk.bring("members", older, at=after(days=1))
    assert came_to(upload) == ["updated"] and "撤回" in said(upload, 2)
    assert not consents.allows([mei.pk], "marketing_1v1", at=after(days=9))


@db
@pytest.mark.parametrize(
    ("line", "why"),
    [
        (["梅", "", "", "", "", *NO_WORD], "手机号"),
        (["梅", "12345", "", "", "", *NO_WORD], "手机号"),
        (["梅", "1.38E+10", "", "", "", *NO_WORD], "科学计数法"),
        (["梅", "13800010001", "", "S999", "2021-01-01", *NO_WORD], "S999"),
        (["梅", "13800010001", "", "S001", "", *NO_WORD], "入会日期"),
        (["梅", "13800010001", "", "S001", "2031-01-01", *NO_WORD], "将来"),
        (["梅", "13800010001", "", "", "", "营销", "", "", ""], "条款版本"),
        (["梅", "13800010001", "", "", "", "", "V1", "2021-01-01", "x"], "同意用途"),
        (["梅", "13800010001", "", "", "", "唱歌", "V1", "2021-01-01", "x"], "唱歌"),
        (["梅", "13800010001", "", "", "", "服务", "V1", "2999-01-01", "x"], "2100"),
        (["=1+1", "13800010001", "", "", "", *NO_WORD], "公式"),
    ],
)
def test_a_wrong_line_says_why_with_masked_values(desk: Desk, line: list[str], why: str) -> None:
    upload = desk.bring("members", [HEAD, line, ["好", "13800010009", "", "", "", *NO_WORD]])
    assert came_to(upload) == ["rejected", "created"]
    assert why in said(upload, 2) and "13800010001" not in said(upload, 2)


PERSON = st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from(["甲", "乙"]), st.booleans())


def _line(card: int, phone: int, name: str, agrees: bool) -> list[str]:
    ids = [f"1380001000{phone}" if phone else "", f"C{card}" if card else ""]
    return [name, *ids, "S001" if agrees else "", "2021-01-01" if agrees else "", *(YES if agrees else NO_WORD)]


def _state() -> list[tuple]:
    found = []
    for member in Member.objects.all():
        ids = sorted((i.kind, i.sealed) for i in member.identities.all())  # type: ignore[attr-defined]
        said_by_her = sorted(member.consents.values_list("purpose", "state", "terms"))  # type: ignore[attr-defined]
        found.append((ids, member.name, said_by_her, list(member.joinings.values_list("on"))))  # type: ignore[attr-defined]
    return sorted(found)


@pytest.mark.django_db(transaction=True)
@settings(max_examples=20, deadline=None)
@given(st.lists(PERSON, min_size=1, max_size=7).flatmap(lambda p: st.tuples(st.just(p), st.permutations(p))))
def test_twice_is_once_and_the_order_of_lines_does_not_matter(told: tuple[list[tuple], list[tuple]]) -> None:
    from django.db import connection

    from tests.cast import assemble

    states = []
    for order in told:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE wecom_corp, stores_brand, stores_person, members_member, imports_import CASCADE")
        desk = Desk(assemble())
        file = [HEAD, *(_line(*person) for person in order)]
        desk.bring("members", file)
        states.append(_state())
        again = desk.bring("members", file)
        assert not {"created", "updated"} & set(came_to(again))
        assert _state() == states[-1]
    assert states[0] == states[1]
