"""Franchisees, and the dated contracts by which they run stores."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from scrm.imports import columns
from scrm.imports.columns import Column, Draft
from scrm.imports.kinds.places import by_name, made
from scrm.imports.verdicts import Case, Claim, Kind, Verdict, good, judged
from stores import places
from stores.access import Permission
from stores.models import Contract, Franchisee, Store
from stores.places import Term

COLUMNS = (
    Column(
        "franchisee", _("franchisee"), ("加盟商", "加盟商名称", "franchisee", "name"), columns.words(80), "方记餐饮",
        _("The short name by which you call the party. One that is not known is made."), is_needed=True,
    ),
    Column(
        "legal_name", _("legal name"), ("公司全称", "公司名称", "法人名称", "签约主体", "legal name", "company"),
        columns.words(120), "广州方记餐饮管理有限公司", _("May be empty."),
    ),
    Column(
        "store", _("store number"), ("门店编号", "门店编码", "店铺编号", "店号", "store code", "store"),
        columns.code(), "S0012", _("One line for each store and contract. Empty: only the franchisee is written down."),
    ),
    Column(
        "since", _("contract from"), ("合同开始", "合同开始日期", "起始日期", "加盟起始", "from", "since"),
        columns.day, "2023-01-01", _("The contract's first day. Needed with a store."),
    ),
    Column(
        "until", _("contract until"), ("合同结束", "合同结束日期", "到期日期", "终止日期", "until", "to"),
        columns.day, "2026-01-01", _("The first day on which it no longer holds. Empty: it runs on, or as it was."),
    ),
)  # fmt: skip


@dataclass(slots=True)
class Act:
    party: Franchisee | str
    legal_name: str = ""
    term: dict[str, Any] | None = None


def alone(draft: Draft) -> Iterable[Claim]:
    yield ("contract", draft["store"], draft["since"]) if draft["store"] else ("party", draft["franchisee"].lower()), ""


def agree(draft: Draft) -> Iterable[tuple[Claim, Any]]:
    if draft["legal_name"]:
        yield ("legal name", draft["franchisee"].lower()), draft["legal_name"]


def span(draft: Draft) -> tuple[Any, date, date | None] | None:
    return (draft["store"], draft["since"], draft["until"]) if draft["store"] and draft["since"] else None


def judge(drafts: Sequence[Draft], case: Case) -> list[Verdict]:
    codes = {d["store"] for d in good(drafts) if d["store"]}
    stores = {store.code: store for store in Store.objects.filter(code__in=codes)}
    contracts: dict[int, list[Contract]] = defaultdict(list)
    for contract in Contract.objects.filter(store__code__in=codes).select_related("franchisee").order_by("starts_on"):
        contracts[contract.store_id].append(contract)
    return judged(drafts, lambda draft: _judge(draft, stores, contracts, case))


def _judge(draft: Draft, stores: dict[str, Store], contracts: dict[int, list[Contract]], case: Case) -> Verdict:
    verdict = Verdict(draft.number)
    name = draft["franchisee"]
    found = by_name(Franchisee.objects.all(), case, "franchisee").get(name.lower(), [])
    if len(found) > 1:
        verdict.refuse("ambiguous", "franchisee", value=name)
    party = found[0] if found else None
    act = verdict.act = Act(party or name)
    if party is None:
        verdict.note("makes_franchisee", value=name)
    if draft["legal_name"] and draft["legal_name"] != getattr(party, "legal_name", ""):
        act.legal_name = draft["legal_name"]
        verdict.change("legal_name", getattr(party, "legal_name", ""), draft["legal_name"])
    is_new = party is None
    if draft["store"]:
        store = stores.get(draft["store"])
        if store is None:
            verdict.refuse("unknown", "store", value=draft["store"])
        elif not draft["since"]:
            verdict.refuse("needs", "since", other=draft["store"])
        elif draft["until"] and draft["until"] <= draft["since"]:
            verdict.refuse("ends_before", "until")
        else:
            verdict.thing = store.public_id
            is_new = _judge_contract(draft, verdict, act, party, store, contracts[store.pk]) or is_new
    elif party:
        verdict.thing = party.public_id
    return verdict.settle(is_new=is_new)


def _judge_contract(
    draft: Draft, verdict: Verdict, act: Act, party: Franchisee | None, store: Store, contracts: list[Contract]
) -> bool:
    """Whether the line brings a contract that is not there yet."""
    since, until = draft["since"], draft["until"]
    same = next((c for c in contracts if c.franchisee == party and c.starts_on == since), None)
    if same and until in (None, same.ends_on):
        return False
    in_the_way = [c for c in contracts if c != same and _overlap(c, since, until)]
    cut = next((c for c in in_the_way if not same and c.ends_on is None and c.starts_on < since), None)
    for other in in_the_way:
        if other is not cut:
            verdict.refuse("overlaps", "since", since=str(other.starts_on))
            return False
    if cut:
        verdict.note("ends_contract", value=cut.franchisee.name, day=str(since))
    if same:
        verdict.change("until", same.ends_on, until)
    act.term = {"store_id": store.pk, "starts_on": since, "ends_on": until, "contract": same}
    return same is None


def _overlap(contract: Contract, since: date, until: date | None) -> bool:
    return (until is None or contract.starts_on < until) and (contract.ends_on is None or contract.ends_on > since)


def bring_in(verdicts: Sequence[Verdict], case: Case) -> None:
    acts = [v.act for v in verdicts]
    parties = made((a.party for a in acts), case, "franchisee")
    for act in acts:
        act.party = parties[act.party] if isinstance(act.party, str) else act.party
    legal = {a.party.pk: a.party for a in acts if a.legal_name}
    for act in acts:
        if act.legal_name:
            legal[act.party.pk].legal_name = act.legal_name
    places.name_legally(list(legal.values()))
    places.sign_many([Term(franchisee=a.party, **a.term) for a in acts if a.term], on=case.today)
    for verdict in verdicts:
        verdict.thing = verdict.thing or verdict.act.party.public_id


CONTRACTS = Kind(
    "franchisees",
    _("Franchisees"),
    _("Franchisees and their contracts with stores"),
    Permission.MANAGE_STORES,
    COLUMNS,
    judge,
    bring_in,
    alone,
    agree=agree,
    span=span,
)
