"""Stores, and the regions and franchisees that their lines name."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from members import blocks, house_phones, identities
from scrm.imports import columns
from scrm.imports.columns import Column, Draft
from scrm.imports.verdicts import Case, Claim, Kind, Verdict, good, judged
from stores import places
from stores.access import Permission
from stores.models import Contract, DepartmentLink, Franchisee, Opening, Region, Store
from stores.places import Plan, Term

KINDS: dict[str, tuple[str, ...]] = {
    Store.Kind.DIRECT: ("直营", "直营店", "自营", "direct"),
    Store.Kind.FRANCHISE: ("加盟", "加盟店", "特许", "franchise"),
}
COLUMNS = (
    Column(
        "code", _("store number"),
        ("门店编号", "门店编码", "店铺编号", "店号", "门店代码", "store code", "store number"),
        columns.code(), "S0012", _("The store's number in your systems; zeros in front count."), is_needed=True,
    ),
    Column(
        "name", _("store name"), ("门店名称", "店铺名称", "店名", "门店", "store name"),
        columns.words(80), "上海·南京东路店", _("Needed for new stores."),
    ),
    Column(
        "region", _("region"), ("区域", "大区", "所属区域", "region"), columns.words(60), "华东",
        _("Its name or code. Needed for new stores. Unknown ones are made only when you say so on the preview."),
    ),
    Column("city", _("city"), ("城市", "所在城市", "city"), columns.words(40), "上海", _("May be empty.")),
    Column(
        "address", _("address"),
        ("地址", "门店地址", "address"), columns.words(200), "南京东路 1 号", _("May be empty."),
    ),
    Column(
        "phone", _("store phone"), ("门店电话", "店铺电话", "联系电话", "phone"), columns.phone, "021-63220001",
        _("Kept to know it where a till writes it down as a customer's: it joins nobody. Empty: as it was."),
    ),
    Column(
        "opened", _("opened on"),
        ("开业日期", "开店日期", "开业时间", "opened", "opened on", "opening date"),
        columns.day, "2020-05-01", _("The first day of business. Empty for a new store: today."),
    ),
    Column(
        "closed", _("closed on"), ("闭店日期", "关店日期", "撤店日期", "closed", "closed on"),
        columns.day, "", _("The first day on which it is closed. Empty: open, or as it was."),
    ),
    Column(
        "kind", _("kind"), ("类型", "门店类型", "经营类型", "店铺类型", "kind", "type"), columns.choice(KINDS), "加盟",
        _("直营 or 加盟. Empty: 加盟 if a franchisee is given."),
    ),
    Column(
        "franchisee", _("franchisee"), ("加盟商", "加盟商名称", "franchisee"), columns.words(80), "方记餐饮",
        _("Who runs the store. Unknown ones are made only when you say so on the preview."),
    ),
    Column(
        "since", _("franchised since"), ("加盟起始", "加盟起始日期", "合同开始", "合同开始日期", "since", "from"),
        columns.day, "2023-01-01", _("The contract's first day. Empty for a new store: its opening."),
    ),
    Column(
        "department", _("WeCom department"),
        ("企业微信部门", "企业微信部门id", "部门id", "department", "department id"),
        columns.code(), "12", _("The department's number, to give a store that came from WeCom its own number."),
    ),
)  # fmt: skip
SIMPLE = ("city", "address")


@dataclass(slots=True)
class Act:
    """What is to be done for one line."""

    store: Store | None = None
    plan: dict[str, Any] = field(default_factory=dict)
    region: Region | str | None = None  # a name is to be made
    franchisee: Franchisee | str | None = None
    since: date | None = None
    fields: dict[str, str] = field(default_factory=dict)
    opening: Opening | None = None
    phone: str = ""


@dataclass
class Known:
    """What the database says of the stores that some lines name."""

    by_code: dict[str, Store]
    by_department: dict[str, Store]
    by_name: dict[str, Store]
    linked: set[int]
    openings: dict[int, list[Opening]]
    contracts: dict[int, list[Contract]]
    phones: dict[tuple[str, int], Any]


def by_name(rows: Iterable[Any], case: Case, what: str) -> dict[str, list[Any]]:
    """Regions or franchisees by their folded names and codes, found out once for the file."""

    def ask() -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = defaultdict(list)
        for row in rows:
            for name in {columns.plain(row.name).lower(), columns.plain(getattr(row, "code", row.name)).lower()}:
                found[name].append(row)
        return found

    return case.once(what, ask)  # type: ignore[no-any-return]


def named(name: str, verdict: Verdict, case: Case, what: str) -> Any:
    """The region or franchisee of a name; the name itself where it is to be made; None where that is refused."""
    model: Any = {"region": Region, "franchisee": Franchisee}[what]
    found = by_name(model.objects.all(), case, what).get(name.lower(), [])
    if len(found) == 1:
        return found[0]
    if found:
        verdict.refuse("ambiguous", what, value=name)
        return None
    case.miss(what, name)
    if not case.makes(what):
        verdict.refuse("unknown", what, value=name)
        return None
    verdict.note(f"makes_{what}", value=name)
    return name


def made(wanted: Iterable[Any], case: Case, what: str) -> dict[str, Any]:
    """What the names among these are now, made where nobody has made them yet."""
    names = {one.lower(): one for one in wanted if isinstance(one, str)}
    known = case.memory[what] if names else {}
    new = [name for low, name in sorted(names.items()) if not known.get(low)]
    rows = (places.make_regions if what == "region" else places.make_franchisees)(new)
    known.update({row.name.lower(): [row] for row in rows})
    return {name: known[low][0] for low, name in names.items()}


def alone(draft: Draft) -> Iterable[Claim]:
    yield "code", draft["code"]
    if draft["department"]:
        yield "department", draft["department"]


def judge(drafts: Sequence[Draft], case: Case) -> list[Verdict]:
    known = _known(good(drafts))
    return judged(drafts, lambda draft: _judge(draft, known, case))


def _known(drafts: Sequence[Draft]) -> Known:
    departments = [int(d["department"]) for d in drafts if (d["department"] or "").isdecimal()]
    names = [d["name"] for d in drafts if d["name"] and not d.has("repeated_name")]
    links = DepartmentLink.objects.filter(store__isnull=False).select_related("store")
    by_department = {str(link.department_id): link.store for link in links.filter(department_id__in=departments)}
    fresh = [link for link in links.filter(store__name__in=names) if _is_made(link)]
    stores = {s.code: s for s in Store.objects.filter(code__in=[d["code"] for d in drafts])}
    ids = {s.pk for s in (*stores.values(), *by_department.values(), *(link.store for link in fresh)) if s}
    openings, contracts = defaultdict(list), defaultdict(list)
    for opening in Opening.objects.filter(store__in=ids).order_by("starts_on"):
        openings[opening.store_id].append(opening)
    for contract in Contract.objects.filter(store__in=ids).select_related("franchisee").order_by("starts_on"):
        contracts[contract.store_id].append(contract)
    linked = set(links.filter(store__in=ids).values_list("store_id", flat=True))
    phones_of = blocks.phones_of(("store", pk) for pk in ids)
    alike = [link.store.name for link in fresh if link.store]
    by_its_name = {link.store.name: link.store for link in fresh if link.store and alike.count(link.store.name) == 1}
    return Known(stores, by_department, by_its_name, linked, openings, contracts, phones_of)  # type: ignore[arg-type]


def _is_made(link: DepartmentLink) -> bool:
    """Whether the store still has the number that it got when the sync met its department."""
    return link.store is not None and link.store.code == f"{link.corp_id}-{link.department_id}"


def _judge(draft: Draft, known: Known, case: Case) -> Verdict:
    verdict = Verdict(draft.number)
    store = known.by_code.get(draft["code"])
    if draft["department"]:
        of_department = known.by_department.get(draft["department"])
        if of_department is None:
            verdict.refuse("unknown", "department", value=draft["department"])
        elif store and store != of_department:
            verdict.refuse("is_someone_else", "department")
        store = store or of_department
    elif store is None and not draft.has("repeated_name") and (store := known.by_name.get(draft["name"] or "")):
        verdict.note("matched_by_name")
    act = verdict.act = Act(store=store)
    if draft["region"]:
        act.region = named(draft["region"], verdict, case, "region")
    if draft["franchisee"]:
        act.franchisee = named(draft["franchisee"], verdict, case, "franchisee")
    if draft["kind"] == Store.Kind.DIRECT and draft["franchisee"]:
        verdict.refuse("direct_has_none", "franchisee")
    if store is None:
        return _new(draft, verdict, act, case)
    verdict.thing = store.public_id
    return _present(draft, verdict, act, known, case)


def _new(draft: Draft, verdict: Verdict, act: Act, case: Case) -> Verdict:
    for column in ("name", "region"):
        if not draft[column]:
            verdict.refuse("needed", column)
    opened = draft["opened"] or case.today
    if draft["closed"] and draft["closed"] <= opened:
        verdict.refuse("ends_before", "closed")
    if draft["kind"] == Store.Kind.FRANCHISE and not draft["franchisee"]:
        verdict.refuse("needs", "franchisee", other="加盟")
    act.plan = {"code": draft["code"], "name": draft["name"], "opens_on": opened, "closes_on": draft["closed"]}
    act.plan |= {name: draft[name] or "" for name in SIMPLE}
    act.since, act.phone = draft["since"] or opened, draft["phone"] or ""
    return verdict.settle(is_new=True)


def _present(draft: Draft, verdict: Verdict, act: Act, known: Known, case: Case) -> Verdict:
    store: Any = act.store
    for name in ("code", "name", *SIMPLE):
        if not draft[name] or draft[name] == getattr(store, name):
            continue
        if name == "name" and store.pk in known.linked:
            verdict.note("name_follows_wecom")
            continue
        act.fields[name] = draft[name]
        verdict.change(name, getattr(store, name), draft[name])
    if act.region and act.region != store.region:
        verdict.change("region", store.region.name if store.region_id else "", getattr(act.region, "name", act.region))
    else:
        act.region = None
    judge_phone(draft, verdict, act, known.phones.get(("store", store.pk)))
    _judge_opening(draft, verdict, act, known.openings[store.pk])
    _judge_contract(draft, verdict, act, known.contracts[store.pk], case)
    return verdict.settle()


def judge_phone(draft: Draft, verdict: Verdict, act: Any, held: Any) -> None:
    """The phone of a store or a colleague, where it is another than the one held; shown masked."""
    if draft["phone"] and (held is None or held.value not in identities.indexes(identities.PHONE, draft["phone"])):
        act.phone = draft["phone"]
        verdict.change("phone", held.shown if held else "", identities.masked(identities.PHONE, act.phone))


def _judge_opening(draft: Draft, verdict: Verdict, act: Act, openings: list[Opening]) -> None:
    wanted = draft["opened"], draft["closed"]
    if not any(wanted) or (openings and _says(openings[-1], *wanted)):
        return
    if len(openings) != 1:
        verdict.refuse("opened_several_times", "opened" if draft["opened"] else "closed")
        return
    opening = act.opening = openings[0]
    for column, name, said in (("opened", "starts_on", wanted[0]), ("closed", "ends_on", wanted[1])):
        if said and said != getattr(opening, name):
            verdict.change(column, getattr(opening, name), said)
            setattr(opening, name, said)
    if opening.ends_on and opening.ends_on <= opening.starts_on:
        verdict.refuse("ends_before", "closed")


def _says(opening: Opening, opened: date | None, closed: date | None) -> bool:
    return opened in (None, opening.starts_on) and closed in (None, opening.ends_on)


def _judge_contract(draft: Draft, verdict: Verdict, act: Act, contracts: list[Contract], case: Case) -> None:
    running = next((c for c in contracts if c.ends_on is None or c.ends_on > case.today), None)
    if draft["kind"] == Store.Kind.DIRECT and running:
        verdict.refuse("ends_in_contracts", "kind")
    if draft["kind"] == Store.Kind.FRANCHISE and not running and not draft["franchisee"]:
        verdict.refuse("needs", "franchisee", other="加盟")
    since = draft["since"]
    same = [c for c in contracts if c.franchisee == act.franchisee and since in (None, c.starts_on)]
    if act.franchisee is None or same:
        act.franchisee = None
        return
    if running and since is None:
        verdict.refuse("needs", "since", other=verdict_name(act.franchisee))
        return
    act.since = since or case.today
    later = next((c for c in contracts if _reaches(c, act.since)), None)
    if later:
        verdict.refuse("overlaps", "since", since=str(later.starts_on))
    elif running and running.ends_on is None:
        verdict.note("ends_contract", value=running.franchisee.name, day=str(act.since))
    verdict.change("franchisee", running.franchisee.name if running else "", verdict_name(act.franchisee))


def _reaches(contract: Contract, since: date) -> bool:
    """Whether the contract stands in the way of one without end from this day on."""
    return contract.starts_on >= since or (contract.ends_on is not None and contract.ends_on > since)


def verdict_name(party: Any) -> str:
    return str(getattr(party, "name", party))


def bring_in(verdicts: Sequence[Verdict], case: Case) -> None:
    acts = [v.act for v in verdicts]
    regions = made((a.region for a in acts), case, "region")
    parties = made((a.franchisee for a in acts), case, "franchisee")
    for act in acts:
        act.region = regions.get(act.region, act.region) if isinstance(act.region, str) else act.region
        act.franchisee = parties[act.franchisee] if isinstance(act.franchisee, str) else act.franchisee
    new = [v for v in verdicts if v.act.store is None]
    opened = places.open_many([Plan(region=v.act.region, **v.act.plan) for v in new])
    for verdict, store in zip(new, opened, strict=True):
        verdict.act.store, verdict.thing, verdict.act.region = store, store.public_id, None
    for act in acts:
        for name, said in act.fields.items():
            setattr(act.store, name, said)
    places.write_many([a.store for a in acts if a.fields], ["code", "name", *SIMPLE])
    places.correct_openings([a.opening for a in acts if a.opening])
    places.move_many([(a.store, a.region) for a in acts if a.region], on=case.today)
    places.sign_many([Term(a.store.pk, a.franchisee, a.since) for a in acts if a.franchisee], on=case.today)
    house_phones.keep({("store", a.store.pk): a.phone for a in acts if a.phone}, at=case.at)


STORES = Kind(
    "stores",
    _("Stores"),
    _("Number, name, region, city, opening, franchisee"),
    Permission.MANAGE_STORES,
    COLUMNS,
    judge,
    bring_in,
    alone,
    named=lambda draft: draft["name"] or "",
)
