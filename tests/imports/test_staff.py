"""Staff numbers, seats and postings out of files."""

from datetime import date

import pytest

from guides import postings
from guides.models import Guide, Posting, Relation
from scrm.audit.models import Entry
from scrm.clock import start_of
from stores.models import DepartmentLink, Seat
from tests.cast import MEI, NOW
from tests.imports.conftest import Desk, came_to, said

pytestmark = pytest.mark.django_db
PEOPLE = ["工号", "企业微信账号", "姓名", "角色", "区域", "加盟商", "门店编号"]
POSTED = ["工号", "企业微信账号", "门店编号", "是否店长", "开始日期", "结束日期"]


def spans(guide: str, store: str) -> list[tuple[date, date | None, bool]]:
    rows = Posting.objects.filter(guide__userid=guide, store__code=store).order_by("starts_at")
    from scrm.clock import day_of

    return [(day_of(p.starts_at), day_of(p.ends_at) if p.ends_at else None, p.is_manager) for p in rows]


def test_accounts_get_their_staff_numbers(desk: Desk) -> None:
    file = [PEOPLE, ["0007", "CAI"], ["0008", "dong", "Dong"]]
    assert came_to(desk.bring("people", file)) == ["updated", "updated"]
    assert Guide.objects.get(userid="cai").staff_number == "0007"
    assert came_to(desk.bring("people", file)) == ["unchanged", "unchanged"]
    assert came_to(desk.bring("people", [PEOPLE, ["0007", "", "", "导购", "", "", "S001"]])) == ["unchanged"]


def test_seats_are_given_where_the_role_stands(desk: Desk) -> None:
    file = [
        PEOPLE,
        ["", "cai", "", "区域经理", "华南"],
        ["", "dong", "", "加盟商负责人", "", "方记"],
        ["", "dong", "", "分析员"],
        ["", "gu", "", "代运营", "", "", "S001"],
        ["", "gu", "", "店长", "", "", "S004"],
    ]
    assert came_to(desk.bring("people", file)) == ["updated"] * 5
    cast = desk.cast
    assert Seat.objects.filter(person=cast.cai, role="region_manager", region=cast.south, ends_at=None).exists()
    assert {s.role for s in Seat.objects.filter(person=cast.dong)} == {"guide", "franchise_owner", "analyst"}
    assert spans("gu", "S004") == [(date(2026, 3, 2), None, True)]
    assert Entry.objects.filter(verb="seat.given", actor=cast.ada).count() >= 4
    assert came_to(desk.bring("people", file)) == ["unchanged"] * 5


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (["", "nobody"], "企业微信"),
        (["99", ""], "99"),
        (["", ""], "工号"),
        (["", "cai", "", "区域经理"], "区域"),
        (["", "cai", "", "区域经理", "火星"], "火星"),
        (["", "cai", "", "分析员", "华东"], "分析员"),
        (["", "cai", "", "皇帝"], "皇帝"),
    ],
)
def test_people_who_cannot_be(desk: Desk, line: list[str], why: str) -> None:
    upload = desk.bring("people", [PEOPLE, [*line, *[""] * (7 - len(line))], ["5", "dong"]])
    if any(line):
        assert came_to(upload) == ["rejected", "updated"] and why in said(upload, 2)
    else:
        assert came_to(upload) == ["updated"]


def test_a_number_that_another_account_bears_is_refused(desk: Desk) -> None:
    Guide.objects.filter(userid="dong").update(staff_number="5")
    upload = desk.look("people", [PEOPLE, ["5", "cai"], ["6", "gu"], ["6", "ben"]])
    assert came_to(upload) == ["rejected"] * 3


def test_past_and_present_postings_are_written_down(desk: Desk) -> None:
    file = [POSTED, ["", "cai", "S002", "否", "2024-01-01", "2025-01-01"], ["", "cai", "S002", "", "2026-02-01", ""]]
    assert came_to(desk.bring("postings", file)) == ["created", "created"]
    assert spans("cai", "S002") == [(date(2024, 1, 1), date(2025, 1, 1), False), (date(2026, 2, 1), None, False)]
    assert Seat.objects.get(person=desk.cast.cai, store=desk.cast.xujiahui).ends_at is None
    assert came_to(desk.bring("postings", file)) == ["unchanged", "unchanged"]


def test_a_posting_ends_and_the_seat_with_it(desk: Desk) -> None:
    file = [POSTED, ["", "cai", "S001", "", "2026-01-01", "2026-03-01"]]
    assert came_to(desk.bring("postings", file)) == ["updated"]
    assert spans("cai", "S001") == [(date(2026, 1, 1), date(2026, 3, 1), False)]
    assert not Seat.objects.filter(person=desk.cast.cai, ends_at=None).exists()
    assert came_to(desk.bring("postings", file)) == ["unchanged"]


def test_an_earlier_beginning_is_corrected_and_a_promotion_cuts(desk: Desk) -> None:
    assert came_to(desk.bring("postings", [POSTED, ["", "cai", "S001", "否", "2023-05-01", ""]])) == ["updated"]
    promoted = [POSTED, ["", "cai", "S001", "是", "2026-02-01", ""]]
    assert came_to(desk.bring("postings", promoted)) == ["created"]
    assert spans("cai", "S001") == [(date(2023, 5, 1), date(2026, 2, 1), False), (date(2026, 2, 1), None, True)]
    assert Seat.objects.get(person=desk.cast.cai, ends_at=None).role == "store_manager"
    assert came_to(desk.bring("postings", promoted)) == ["unchanged"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (["", "cai", "S999"], "S999"),
        (["", "cai", "S001", "否", "2026-02-01", ""], "2026-01-01"),
        (["", "cai", "S002", "否", "2027-01-01", ""], "将来"),
        (["", "cai", "S002", "否", "2025-02-01", "2025-01-01"], "晚于"),
        (["", "cai", "S002", "也许"], "也许"),
        (["", "cai", ""], "门店编号"),
    ],
)
def test_postings_that_cannot_be(desk: Desk, line: list[str], why: str) -> None:
    upload = desk.bring("postings", [POSTED, line, ["", "dong", "S001", "", "2026-02-01", ""]])
    assert came_to(upload) == ["rejected", "created"] and why in said(upload, 2)


def test_postings_of_one_file_that_overlap_are_refused(desk: Desk) -> None:
    a, b = ["", "cai", "S002", "", "2024-01-01", "2025-01-01"], ["", "cai", "S002", "", "2024-06-01", "2025-06-01"]
    assert came_to(desk.look("postings", [POSTED, a, b])) == ["rejected", "rejected"]


def test_where_wecom_says_who_works_there_a_file_does_not(desk: Desk) -> None:
    DepartmentLink.objects.create(corp=desk.cast.corp, department_id=9, store=desk.cast.xujiahui)
    past = ["", "cai", "S002", "", "2024-01-01", "2025-01-01"]
    upload = desk.bring("postings", [POSTED, ["", "cai", "S002", "", "2026-02-01", ""], past])
    assert came_to(upload) == ["rejected", "created"] and "企业微信" in said(upload, 2)


def test_the_roster_leaves_postings_alone_that_it_cannot_know(desk: Desk) -> None:
    cast = desk.cast
    desk.bring("postings", [POSTED, ["", "cai", "S002", "", "2026-02-01", ""]])
    postings.settle({cast.guide("cai").pk: {}}, at=NOW, among={cast.nanjing_road.pk})
    assert spans("cai", "S001")[-1][1] == date(2026, 3, 2) and spans("cai", "S002")[-1][1] is None


def test_customers_who_waited_for_a_store_get_it(desk: Desk) -> None:
    cast = desk.cast
    guide = Guide.objects.create(corp=cast.corp, userid="new", status="active", can_contact=True, person=cast.eve)
    cast.add(MEI, "new", at=start_of(date(2026, 2, 3)))
    assert Relation.objects.get(guide=guide).store is None
    desk.bring("postings", [POSTED, ["", "new", "S002", "", "2026-02-01", ""]])
    assert Relation.objects.get(guide=guide).store == cast.xujiahui
