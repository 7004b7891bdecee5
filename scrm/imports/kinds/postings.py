"""Who works where when."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from guides import bindings, codes, postings
from guides.models import Guide, Posting
from guides.postings import Booking
from scrm.clock import day_of, start_of
from scrm.imports import columns
from scrm.imports.columns import Column, Draft
from scrm.imports.verdicts import Case, Claim, Kind, Verdict, good, judged
from stores.access import Permission
from stores.models import DepartmentLink, Store

STAFF_NUMBER = Column(
    "staff_number", _("staff number"), ("工号", "员工编号", "员工工号", "员工号", "staff number", "employee id"),
    columns.code(64), "10086", _("Her number in your systems. This or the WeCom account is needed."),
)  # fmt: skip
USERID = Column(
    "userid", _("WeCom account"), ("企业微信账号", "企微账号", "账号", "userid", "wecom userid", "account"),
    columns.code(64), "zhangsan", _("Her account in WeCom's directory (userid)."),
)  # fmt: skip
NAME = Column(
    "name", pgettext_lazy("person", "name"), ("姓名", "员工姓名", "name"), columns.words(64), "张三",
    _("For your eyes only."),
)  # fmt: skip
COLUMNS = (
    STAFF_NUMBER,
    USERID,
    NAME,
    Column(
        "store", _("store number"), ("门店编号", "门店编码", "店铺编号", "店号", "store code", "store"),
        columns.code(), "S0012", _("Where she works; one line for each store and time."), is_needed=True,
    ),
    Column(
        "manager", _("store manager or not"), ("是否店长", "店长", "manager", "is manager"), columns.yes_or_no, "否",
        _("是 or 否. Empty: as it was, at first 否."),
    ),
    Column(
        "since", _("works there from"), ("开始日期", "到店日期", "上岗日期", "入职日期", "from", "since"),
        columns.day, "2024-03-01", _("Her first day there. Empty: today, or as it was."),
    ),
    Column(
        "until", _("works there until"), ("结束日期", "离店日期", "离岗日期", "离职日期", "until", "to"),
        columns.day, "", _("The first day on which she no longer works there. Empty: she works there."),
    ),
)  # fmt: skip


@dataclass
class Staff:
    """The guides whom some lines name, and their postings at the stores that the lines name."""

    by_userid: dict[str, list[Guide]]
    by_number: dict[str, list[Guide]]
    stores: dict[str, Store]
    linked: set[int]
    held: dict[tuple[int, int], list[Posting]]

    def find(self, draft: Draft, verdict: Verdict) -> Guide | None:
        """The one guide of a line; why there is none stands in the verdict."""
        userid, number = draft["userid"], draft["staff_number"]
        if not userid and not number:
            verdict.refuse("one_of", "staff_number", columns="工号、企业微信账号")
            return None
        numbered = self.by_number.get(number, []) if number else []
        found = self.by_userid.get(userid.lower(), []) if userid else numbered
        column, said = ("userid", userid) if userid else ("staff_number", number)
        if len(found) > 1:
            verdict.refuse("ambiguous", column, value=said)
        elif not found:
            verdict.refuse("not_in_wecom" if userid else "unknown", column, value=said)
        elif numbered and found[0] not in numbered:
            verdict.refuse("is_someone_else", "staff_number")
        elif found[0].status == Guide.Status.LEFT and not draft["until"]:
            verdict.refuse("left", column)
        else:
            return found[0]
        return None


def who(draft: Draft) -> str:
    return (draft["userid"] or "").lower() or f"#{draft['staff_number']}"


def alone(draft: Draft) -> Iterable[Claim]:
    yield ("posting", who(draft), draft["store"], draft["since"]), ""


def agree(draft: Draft) -> Iterable[tuple[Claim, Any]]:
    if draft["userid"] and draft["staff_number"]:
        yield ("number", draft["staff_number"]), draft["userid"].lower()
        yield ("account", draft["userid"].lower()), draft["staff_number"]


def span(draft: Draft) -> tuple[Any, date, date | None] | None:
    return ((who(draft), draft["store"]), draft["since"], draft["until"]) if draft["since"] else None


def staff_of(drafts: Sequence[Draft]) -> Staff:
    asked = good(drafts)
    userids = {d["userid"].lower() for d in asked if d["userid"]}
    numbers = {d["staff_number"] for d in asked if d["staff_number"]}
    named = Guide.objects.annotate(low=Lower("userid")).filter(Q(low__in=userids) | Q(staff_number__in=numbers))
    by_userid, by_number = defaultdict(list), defaultdict(list)
    guides = list(named.select_related("person"))
    for guide in guides:
        by_userid[guide.userid.lower()].append(guide)
        by_number[guide.staff_number].append(guide)
    stores = {s.code: s for s in Store.objects.filter(code__in={d["store"] for d in asked if d["store"]})}
    places = [s.pk for s in stores.values()]
    held: dict[tuple[int, int], list[Posting]] = defaultdict(list)
    rows = Posting.objects.filter(guide__in=guides, store__in=places).select_related("guide").order_by("starts_at")
    for posting in rows:
        held[posting.guide_id, posting.store_id].append(posting)
    linked = set(DepartmentLink.objects.filter(store__in=places).values_list("store_id", flat=True))
    return Staff(by_userid, by_number, stores, linked, held)  # type: ignore[arg-type]


def judge(drafts: Sequence[Draft], case: Case) -> list[Verdict]:
    staff = staff_of(drafts)
    return judged(drafts, lambda draft: _judge(draft, staff, case))


def _judge(draft: Draft, staff: Staff, case: Case) -> Verdict:
    verdict = Verdict(draft.number)
    guide = staff.find(draft, verdict)
    store = staff.stores.get(draft["store"])
    if store is None:
        verdict.refuse("unknown", "store", value=draft["store"])
    if guide and store:
        verdict.thing = guide.public_id
        is_new = plan(draft, verdict, guide, store, staff, case, leads=draft["manager"])
        return verdict.settle(is_new=is_new)
    return verdict.settle()


def plan(
    draft: Draft, verdict: Verdict, guide: Guide, store: Store, staff: Staff, case: Case, *, leads: bool | None
) -> bool:
    """Whether a posting begins that is not known; what is to be booked is the verdict's act.

    Where nothing is said of it she goes on to lead the store, or not to.
    """
    held = staff.held[guide.pk, store.pk]
    since, until = draft["since"], draft["until"]
    running = next((p for p in held if p.ends_at is None), None)
    leads = leads if leads is not None else bool(running and running.is_manager)
    if since is None and until is None and running and running.is_manager == leads:
        return False
    since = since or (day_of(running.starts_at) if running and until else case.today)
    for column, said in (("since", since), ("until", until)):
        if said and said > case.today:
            verdict.refuse("in_the_future", column)
    if until and until <= since:
        verdict.refuse("ends_before", "until")
    if verdict.problems:
        return False
    starts, ends = start_of(since), start_of(until) if until else None
    same = next((p for p in held if day_of(p.starts_at) == since and p.is_manager == leads), None)
    if same and (ends is None or (same.ends_at and day_of(same.ends_at) == until)):
        return False
    if store.pk in staff.linked and (ends is None or (same and same.ends_at is None)):
        verdict.refuse("follows_wecom", "store")
        return False
    return _book(verdict, guide, store, leads, starts, ends, same, held)


def _book(
    verdict: Verdict,
    guide: Guide,
    store: Store,
    leads: bool,
    starts: datetime,
    ends: datetime | None,
    same: Posting | None,
    held: list[Posting],
) -> bool:
    """The booking, unless other postings stand in its way; one that began earlier and runs is cut."""
    begins = same.starts_at if same else starts
    others = [p for p in held if p is not same and _overlap(p, begins, ends)]
    earlier = next((p for p in others if not same and p.ends_at is None and p.starts_at < starts), None)
    reaching_back = next(
        (p for p in others if not same and ends is None and p.ends_at is None and p.is_manager == leads), None
    )
    if earlier and earlier.is_manager == leads and ends is None:
        verdict.refuse("overlaps", "since", since=str(day_of(earlier.starts_at)))
        return False
    if others and others not in ([earlier], [reaching_back]):
        verdict.refuse("overlaps", "since", since=str(day_of(others[0].starts_at)))
        return False
    booking = Booking(guide.pk, store.pk, leads, begins, ends)
    verdict.act = booking
    if same or reaching_back:
        booking.held = same or reaching_back
        if reaching_back:
            verdict.change("since", day_of(reaching_back.starts_at), day_of(starts))
        else:
            verdict.change("until", "", day_of(ends) if ends else "")
        return False
    if earlier:
        booking.cuts = earlier
        verdict.note("ends_posting", day=str(day_of(starts)))
    return True


def _overlap(posting: Posting, starts: datetime, ends: datetime | None) -> bool:
    return (ends is None or posting.starts_at < ends) and (posting.ends_at is None or posting.ends_at > starts)


def bring_in(verdicts: Sequence[Verdict], case: Case) -> None:
    book([v.act for v in verdicts if isinstance(v.act, Booking)], case)


def book(bookings: Sequence[Booking], case: Case) -> None:
    postings.book(bookings, at=case.at)
    touched = case.once("postings", lambda: (set(), set()))
    touched[0].update(b.guide_id for b in bookings)
    touched[1].update(b.store_id for b in bookings)


def finish(case: Case) -> None:
    """Customers who waited for a store get it; codes follow the people of their stores."""
    guides, stores = case.once("postings", lambda: (set(), set()))
    bindings.place_where_posted(sorted(guides), now=case.at)
    codes.follow(stores, at=case.at)


POSTINGS = Kind(
    "postings",
    _("Postings"),
    _("Which guide works at which store, since when"),
    Permission.MANAGE_GUIDES,
    COLUMNS,
    judge,
    bring_in,
    alone,
    agree=agree,
    span=span,
    finish=finish,
)
