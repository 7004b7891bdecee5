"""Staff: the numbers of WeCom's accounts in the brand's own systems, and the seats that people hold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from guides import staff as directory
from guides.models import Guide
from guides.postings import Booking
from members import blocks, house_phones
from scrm.imports import columns
from scrm.imports.columns import Column, Draft
from scrm.imports.kinds import postings
from scrm.imports.kinds.places import by_name, judge_phone
from scrm.imports.kinds.postings import NAME, STAFF_NUMBER, USERID, Staff, agree, staff_of, who
from scrm.imports.verdicts import Case, Claim, Kind, Verdict, judged
from stores import seats
from stores.access import Permission
from stores.models import Franchisee, Region, Role, Seat

ROLES: dict[str, tuple[str, ...]] = {
    Role.HQ_ADMIN: ("总部管理员", "管理员"),
    Role.HQ_OPERATOR: ("总部运营", "运营"),
    Role.APPROVER: ("审批人", "审批"),
    Role.ANALYST: ("分析员", "分析师", "分析"),
    Role.REGION_MANAGER: ("区域经理", "大区经理"),
    Role.FRANCHISE_OWNER: ("加盟商负责人", "加盟商", "加盟店主"),
    Role.STORE_MANAGER: ("店长",),
    Role.GUIDE: ("导购", "店员"),
    Role.AGENCY: ("代运营", "服务商"),
}
PLACES = {Role.REGION_MANAGER: "region", Role.FRANCHISE_OWNER: "franchisee"} | dict.fromkeys(Role.at_store(), "store")
COLUMNS = (
    STAFF_NUMBER,
    USERID,
    NAME,
    Column(
        "role", _("role"), ("角色", "岗位", "职位", "role"), columns.choice(ROLES), "区域经理",
        _("What she may do. Empty: only her staff number is written down."),
    ),
    Column(
        "phone", _("phone"), ("手机号", "手机", "联系电话", "phone", "mobile"), columns.phone, "13800010001",
        _("Kept to know it where a till writes it down as a customer's: it joins nobody. Empty: as it was."),
    ),
    Column(
        "region", _("region"), ("区域", "大区", "所属区域", "region"), columns.words(60), "华东",
        _("Of a region manager: name or code."),
    ),
    Column(
        "franchisee", _("franchisee"), ("加盟商", "加盟商名称", "franchisee"), columns.words(80), "方记餐饮",
        _("Of a franchise owner."),
    ),
    Column(
        "store", _("store number"), ("门店编号", "门店编码", "店铺编号", "店号", "store code", "store"),
        columns.code(), "S0012", _("Of a store manager, a guide or an agency."),
    ),
)  # fmt: skip


@dataclass(slots=True)
class Act:
    guide: Guide
    number: str = ""
    seat: dict[str, Any] | None = None
    booking: Booking | None = None
    phone: str = ""


def alone(draft: Draft) -> Iterable[Claim]:
    yield ("seat", who(draft), draft["role"], draft[PLACES.get(draft["role"], "")] or ""), ""


def judge(drafts: Sequence[Draft], case: Case) -> list[Verdict]:
    staff = staff_of(drafts)
    people = {g.person_id for found in staff.by_userid.values() for g in found if g.person_id}
    held = {
        (s.person_id, s.role, s.region_id or s.franchisee_id or s.store_id)
        for s in Seat.objects.filter(person__in=people, ends_at=None)
    }
    phones = blocks.phones_of(("person", pk) for pk in people)
    return judged(drafts, lambda draft: _judge(draft, staff, held, phones, case))


def _judge(draft: Draft, staff: Staff, held: set[Any], phones: dict[Any, Any], case: Case) -> Verdict:
    verdict = Verdict(draft.number)
    guide = staff.find(draft, verdict)
    if guide is None:
        return verdict.settle()
    verdict.thing = guide.public_id
    act = verdict.act = Act(guide)
    if draft["staff_number"] and draft["staff_number"] != guide.staff_number:
        act.number = draft["staff_number"]
        verdict.change("staff_number", guide.staff_number, act.number)
    if draft["name"] and guide.name and draft["name"] != guide.name:
        verdict.note("name_of_wecom")
    if draft["phone"] and guide.person_id is None:
        verdict.refuse("no_person", "phone")
    judge_phone(draft, verdict, act, phones.get(("person", guide.person_id)))
    if draft["role"]:
        _judge_role(draft, verdict, act, staff, held, case)
    return verdict.settle()


def _judge_role(draft: Draft, verdict: Verdict, act: Act, staff: Staff, held: set[Any], case: Case) -> None:
    role, needs = draft["role"], PLACES.get(draft["role"], "")
    given = {column for column in ("region", "franchisee", "store") if draft[column]}
    if given != ({needs} if needs else set()):
        word = next((str(c.label) for c in COLUMNS if c.key == needs), "—")
        verdict.refuse("place_of_role", "role", role=str(Role(role).label), place=word)
        return
    place: Any = _place(draft, verdict, needs, staff, case) if needs else None
    if needs and place is None:
        return
    if act.guide.person_id is None:
        verdict.refuse("no_person", "role")
    elif role in (Role.GUIDE, Role.STORE_MANAGER):
        before = verdict.act
        is_new = postings.plan(draft, verdict, act.guide, place, staff, case, leads=role == Role.STORE_MANAGER)
        act.booking, verdict.act = (verdict.act if verdict.act is not before else None), before
        if is_new:
            verdict.change("role", "", f"{Role(role).label} {place}")
    elif (act.guide.person_id, role, getattr(place, "pk", None)) not in held:
        act.seat = {"role": role, **({needs: place} if needs else {})}
        verdict.change("role", "", f"{Role(role).label} {place or ''}".strip())


def _place(draft: Draft, verdict: Verdict, needs: str, staff: Staff, case: Case) -> Any:
    name = draft[needs]
    if needs == "store":
        found = [staff.stores[name]] if name in staff.stores else []
    else:
        rows: Any = Region.objects.all() if needs == "region" else Franchisee.objects.all()
        found = by_name(rows, case, needs).get(name.lower(), [])
    if len(found) != 1:
        verdict.refuse("ambiguous" if found else "unknown", needs, value=name)
        return None
    return found[0]


def bring_in(verdicts: Sequence[Verdict], case: Case) -> None:
    acts = [v.act for v in verdicts if v.act]
    directory.number({a.guide.pk: a.number for a in acts if a.number}, at=case.at)
    house_phones.keep({("person", a.guide.person_id): a.phone for a in acts if a.phone}, at=case.at)
    wanted = [Seat(person=a.guide.person, **a.seat) for a in acts if a.seat]
    seats.give_many(wanted, at=case.at, by=case.by)
    postings.book([a.booking for a in acts if a.booking], case)


PEOPLE = Kind(
    "people",
    _("People"),
    _("Staff numbers of WeCom accounts, and seats at HQ, regions and stores"),
    Permission.MANAGE_PEOPLE,
    COLUMNS,
    judge,
    bring_in,
    alone,
    agree=agree,
    finish=postings.finish,
)
