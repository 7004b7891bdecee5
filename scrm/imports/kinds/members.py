"""Members of before: how they are known, where they joined, and what they allowed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from members import consents, identities, joinings, merges, phones, tellings
from members.consents import Said
from members.identities import CARD, PHONE, Newcomer, Told
from members.models import Consent, Identity, Joining, Member
from scrm.clock import start_of
from scrm.imports import columns
from scrm.imports.columns import Column, Draft
from scrm.imports.verdicts import Case, Claim, Kind, Verdict, good, judged
from stores.access import Permission
from stores.models import Store

PURPOSES: dict[str, tuple[str, ...]] = {
    Consent.Purpose.SERVICE: ("服务", "服务通知"),
    Consent.Purpose.MARKETING_1V1: ("一对一营销", "导购营销", "营销", "导购一对一营销"),
    Consent.Purpose.MARKETING_GROUP: ("群发", "群发营销"),
    Consent.Purpose.PROFILING: ("画像", "画像分析", "个性化推荐"),
    Consent.Purpose.SHARE_FRANCHISEE: ("加盟商共享", "与加盟商共享"),
    Consent.Purpose.AD_MATCH: ("广告", "广告匹配"),
    Consent.Purpose.LOCATION: ("位置",),
    Consent.Purpose.MINOR_GUARDIAN: ("监护人同意", "未成年人监护人同意"),
}
GENDERS = {"1": ("男", "男性", "male", "m"), "2": ("女", "女性", "female", "f"), "0": ("未知", "保密", "unknown")}
PROOF = ("terms", "agreed", "evidence")


def card(text: str) -> str:
    return identities.normal(CARD, columns.code(64)(text))


COLUMNS = (
    Column(
        "name", pgettext_lazy("person", "name"), ("姓名", "会员姓名", "客户姓名", "name"), columns.words(120), "王梅",
        _("May be empty."),
    ),
    Column(
        "phone", _("phone"), ("手机", "手机号", "手机号码", "联系电话", "电话", "phone", "mobile"), columns.phone,
        "13800010001", _("Kept sealed and shown masked. This or a card is needed."),
    ),
    Column(
        "card", _("member card"), ("会员卡号", "卡号", "会员编号", "会员号", "card", "card number"), card,
        "VIP000123", _("Format the column as text, so that no zero is lost."),
    ),
    Column("gender", _("gender"), ("性别", "gender"), columns.choice(GENDERS), "女", _("May be empty.")),
    Column(
        "store", _("joined at"),
        ("入会门店", "入会门店编号", "门店编号", "门店编码", "开卡门店", "所属门店", "store", "store code"),
        columns.code(), "S0012", _("The store's number. Below HQ only this store sees her; empty: HQ alone."),
    ),
    Column(
        "joined", _("joined on"), ("入会日期", "注册日期", "开卡日期", "入会时间", "注册时间", "joined", "joined on"),
        columns.day, "2021-06-18", _("Needed with a store."),
    ),
    Column(
        "purposes", _("consent to"),
        ("同意用途", "授权用途", "同意范围", "consent", "purposes"), columns.choices(PURPOSES),
        "服务、一对一营销", _("What she allowed; without it nothing may contact her. Then the next three are needed."),
    ),
    Column(
        "terms", _("version of the terms"), ("条款版本", "协议版本", "隐私政策版本", "terms"), columns.words(60),
        "隐私政策 2021-03",
        _("Which text she agreed to."),
    ),
    Column(
        "agreed", _("consent given on"), ("同意日期", "授权日期", "同意时间", "授权时间", "consent date", "agreed on"),
        columns.day, "2021-06-18", _("The day on which she agreed."),
    ),
    Column(
        "evidence", _("evidence"), ("同意凭证", "授权凭证", "凭证", "证据", "evidence"), columns.words(500),
        "纸质登记表 2021-0618-33",
        _("Where the proof lies: a form's number, a link, a recording."),
    ),
)  # fmt: skip


@dataclass(slots=True)
class Act:
    member: Member | None
    newcomer: Newcomer | None = None
    ids: list[tuple[str, str]] = field(default_factory=list)
    name: str = ""
    joining: tuple[int, date] | None = None
    is_corrected: bool = False
    said: list[tuple[str, date]] = field(default_factory=list)
    terms: str = ""
    evidence: str = ""
    told: list[tuple[str, str]] = field(default_factory=list)
    store: int | None = None


@dataclass
class Known:
    members: dict[int, Member]
    owners: dict[tuple[str, str], int]
    cards: dict[int, list[str]]
    in_wecom: set[int]
    joined: dict[tuple[int, int], date]
    said: set[tuple[int, str, Any, str]]
    last_no: dict[tuple[int, str], Any]
    stores: dict[str, Store]
    of_no_use: set[tuple[str, str]]
    ended: set[tuple[str, str, int]]


def alone(draft: Draft) -> Iterable[Claim]:
    for kind in (PHONE, CARD):
        if draft[kind]:
            yield kind, draft[kind]


def judge(drafts: Sequence[Draft], case: Case) -> list[Verdict]:
    known = _known(good(drafts))
    return judged(drafts, lambda draft: _judge(draft, known, case))


def _known(drafts: Sequence[Draft]) -> Known:
    owners: dict[tuple[str, str], int] = {}
    told = {kind: {d[kind] for d in drafts if d[kind]} for kind in (PHONE, CARD)}
    for kind in (PHONE, CARD):
        by_index = {value: d[kind] for d in drafts if d[kind] for value in identities.indexes(kind, d[kind])}
        owners |= {(kind, by_index[value]): m for value, m in identities.owners(kind, by_index).items()}
    ids = set(owners.values())
    cards: dict[int, list[str]] = defaultdict(list)
    for one in Identity.objects.filter(member__in=ids, kind=CARD):
        cards[one.member_id or 0].append(one.sealed or "")
    in_wecom = Identity.objects.filter(member__in=ids, kind=Identity.Kind.EXTERNAL_USERID)
    joined = Joining.objects.filter(member__in=ids).values_list("member_id", "store_id", "on")
    spoken = Consent.objects.filter(member__in=ids, controller=None).order_by("at")
    book = list(spoken.values_list("member_id", "purpose", "at", "terms", "state"))
    return Known(
        members={m.pk: m for m in Member.objects.filter(pk__in=ids)},
        owners=owners,
        cards=cards,
        in_wecom=set(in_wecom.values_list("member_id", flat=True)),
        joined={(member, store): on for member, store, on in joined},
        said={(m, p, at, terms) for m, p, at, terms, state in book if state == consents.GIVEN},
        last_no={(m, p): at for m, p, at, _terms, state in book if state != consents.GIVEN},
        of_no_use={(str(kind), text) for kind, texts in told.items() for text in identities.of_no_use(kind, texts)},
        ended={(str(kind), *one) for kind, texts in told.items() for one in identities.no_longer_hers(kind, texts)},
        stores={s.code: s for s in Store.objects.filter(code__in={d["store"] for d in drafts if d["store"]})},
    )


def _judge(draft: Draft, known: Known, case: Case) -> Verdict:
    verdict = Verdict(draft.number)
    plain = [(str(kind), draft[kind]) for kind in (PHONE, CARD) if draft[kind]]
    if not plain:
        verdict.refuse("one_of", "phone", columns="手机号、会员卡号")
    plain = _counting(plain, verdict, known)
    store = known.stores.get(draft["store"])
    if draft["store"] and store is None:
        verdict.refuse("unknown", "store", value=draft["store"])
    if store and not draft["joined"]:
        verdict.refuse("needs", "joined", other=draft["store"])
    for column in ("joined", "agreed"):
        if draft[column] and draft[column] > case.today:
            verdict.refuse("in_the_future", column)
    _judge_proof(draft, verdict)
    if verdict.problems:
        return verdict.settle()
    member = _owner(plain, verdict, known)
    act = verdict.act = Act(member, terms=draft["terms"] or "", evidence=draft["evidence"] or "")
    act.told = plain
    if store:
        act.joining, act.store = (store.pk, draft["joined"]), store.pk
    act.said = [(purpose, draft["agreed"]) for purpose in draft["purposes"] or ()]
    if member is None:
        act.newcomer = Newcomer(draft["name"] or "", int(draft["gender"] or 0), tuple(plain))
        if not act.said:
            verdict.note("no_consent")
        return verdict.settle(is_new=True)
    verdict.thing = member.public_id
    _compare(draft, verdict, act, plain, member, known)
    return verdict.settle()


def _counting(plain: list[tuple[str, str]], verdict: Verdict, known: Known) -> list[tuple[str, str]]:
    """What is left without the phones of stores and guides and whatever else says nothing about who somebody is."""
    left_out = [one for one in plain if one in known.of_no_use]
    for kind, text in left_out:
        said = {"value": identities.masked(kind, text)}
        verdict.note("id_left_out", **said) if len(left_out) < len(plain) else verdict.refuse("blocked", kind, **said)
    return [one for one in plain if one not in left_out]


def _judge_proof(draft: Draft, verdict: Verdict) -> None:
    """Consent is terms, date and evidence, or it is none."""
    given = [column for column in ("purposes", *PROOF) if draft[column]]
    for column in ("purposes", *PROOF) if given else ():
        if not draft[column]:
            verdict.refuse("needs", column, other=MEMBERS.label(given[0]))


def _owner(plain: list[tuple[str, str]], verdict: Verdict, known: Known) -> Member | None:
    """Whose phone and card these are. Two members are never made one here."""
    found = {kind: known.owners.get((kind, text)) for kind, text in plain}
    ids = {pk for pk in found.values() if pk}
    if len(ids) > 1:
        verdict.refuse("is_someone_else", "phone")
    if len(ids) == 1:
        (pk,) = ids
        wanted = dict(plain).get(str(CARD))
        if wanted and known.cards[pk] and wanted not in known.cards[pk]:
            verdict.refuse("another_card", "card", value=identities.masked_card(known.cards[pk][0]))
        return known.members[pk]
    return None


def _compare(
    draft: Draft, verdict: Verdict, act: Act, plain: list[tuple[str, str]], member: Member, known: Known
) -> None:
    """What the line says of a member otherwise than we know it."""
    if draft["name"] and draft["name"] != member.name:
        if member.pk in known.in_wecom:
            verdict.note("name_of_wecom")
        else:
            act.name = draft["name"]
            verdict.change("name", member.name, draft["name"])
    for kind, text in plain:
        if (kind, text, member.pk) in known.ended:
            verdict.note("not_hers", value=identities.masked(kind, text))
        elif (kind, text) not in known.owners:
            act.ids.append((kind, text))
            verdict.change(kind, "", phones.masked(text) if kind == PHONE else text)
    if act.joining:
        before = known.joined.get((member.pk, act.joining[0]))
        if before == act.joining[1]:
            act.joining = None
        else:
            act.is_corrected = before is not None
            verdict.change(
                "store" if before is None else "joined", before, draft["store"] if before is None else draft["joined"]
            )
    act.said = [(p, day) for p, day in act.said if (member.pk, p, start_of(day), act.terms) not in known.said]
    if act.said:
        verdict.change("purposes", "", "、".join(str(Consent.Purpose(p).label) for p, _day in act.said))
    if any(known.last_no.get((member.pk, p), start_of(day)) > start_of(day) for p, day in act.said):
        verdict.note("stays_withdrawn")


def bring_in(verdicts: Sequence[Verdict], case: Case) -> None:
    new = [v for v in verdicts if v.act and v.act.newcomer]
    for verdict, key in zip(new, identities.enroll([v.act.newcomer for v in new], at=case.at), strict=True):
        verdict.act.member = Member(pk=key)
    acts = [v.act for v in verdicts if v.act]
    identities.call({a.member.pk: a.name for a in acts if a.name})
    identities.add_ids([(a.member.pk, kind, text) for a in acts for kind, text in a.ids])
    tellings.note([(Told(tuple((kind, "", text) for kind, text in a.told)), a.store) for a in acts if a.store])
    merges.settle_united({a.member.pk for a in acts if a.ids}, at=case.at)
    joined = [(a.member.pk, *a.joining, a.is_corrected) for a in acts if a.joining]
    joinings.add([(m, store, on) for m, store, on, corrected in joined if not corrected])
    joinings.correct([(m, store, on) for m, store, on, corrected in joined if corrected])
    said = [Said(a.member.pk, p, start_of(day), a.terms, a.evidence) for a in acts for p, day in a.said]
    consents.give_many(said, source=Consent.Source.IMPORT, by=case.by, at=case.at)
    public = dict(Member.objects.filter(pk__in=[v.act.member.pk for v in new]).values_list("pk", "public_id"))
    for verdict in new:
        verdict.thing = public[verdict.act.member.pk]


MEMBERS = Kind(
    "members",
    _("Members of before"),
    _("Phone, card, store, and the consent that they gave"),
    Permission.IMPORT,
    COLUMNS,
    judge,
    bring_in,
    alone,
)
