"""Tags put on and taken off customers, and values of the brand's own fields: one field a line."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from members import fields, identities, persons, taggings, tags
from members.identities import CARD, PHONE
from members.models import Field, Identity, Marking, Member, MemberTag, Tag
from scrm.imports import columns
from scrm.imports.columns import Column, Draft
from scrm.imports.kinds.members import card
from scrm.imports.verdicts import Case, Claim, Kind, Verdict, good, judged
from stores.access import Permission

EXTERNAL = "external_userid"
SEPARATORS = str.maketrans("，、；;|\n", ",,,,,,")


def names(text: str) -> tuple[str, ...]:
    """Several names, whatever separates them."""
    parts = (columns.plain(part) for part in text.translate(SEPARATORS).split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


COLUMNS = (
    Column(
        "phone", _("phone"), ("手机号", "手机", "联系电话", "phone", "mobile"), columns.phone,
        "13800010001", _("One of phone, card and external_userid is needed."),
    ),
    Column(
        "card", _("member card"), ("会员卡号", "卡号", "会员号", "card"), card, "VIP000123",
        _("Format the column as text, so that no zero is lost."),
    ),
    Column(
        EXTERNAL, _("WeCom external_userid"), ("external_userid", "外部联系人ID", "客户ID"), columns.code(64),
        "wmAJ2GCAAAXtWyujaWJHDDGi0mACAAAA", _("As WeCom names the customer."),
    ),
    Column(
        "put_on", _("tags to put on"), ("打标签", "标签", "tags", "put on"), names, "爱喝茶、口味/甜",
        _("Names of tags, or group/tag where several groups have one of that name."),
    ),
    Column("take_off", _("tags to take off"), ("去标签", "移除标签", "take off"), names, "新客", _("May be empty.")),
    Column(
        "field", _("field"), ("字段", "自定义字段", "field"), columns.words(40), "鞋码",
        _("A field of the brand's own, by its name or key."),
    ),
    Column(
        "value", _("value"), ("字段值", "内容", "值", "value"), columns.words(300), "38",
        _("What the field is to say; empty empties it."),
    ),
)  # fmt: skip


@dataclass(slots=True)
class Act:
    """What a line does to a person."""

    root: int
    put_on: list[Tag] = field(default_factory=list)
    take_off: list[Tag] = field(default_factory=list)
    told: fields.Told | None = None


@dataclass
class Known:
    """What a batch of lines needs to know."""

    owners: dict[tuple[str, str], int]
    roots: dict[int, int]
    names: dict[int, str]
    worn: set[tuple[int, int]]
    values: dict[tuple[int, int], Any]


def alone(draft: Draft) -> Iterable[Claim]:
    """A person may stand in several lines, each about another field."""
    for kind in (PHONE, CARD, EXTERNAL):
        if draft[kind]:
            yield (kind, draft["field"] or ""), draft[kind]


def judge(drafts: Sequence[Draft], case: Case) -> list[Verdict]:
    library = case.once("library", _library)
    own = case.once("fields", lambda: {n: f for f in Field.objects.filter(is_active=True) for n in (f.key, f.name)})
    known = _known(good(drafts))
    return judged(drafts, lambda draft: _judge(draft, known, library, own))


def _library() -> dict[str, list[Tag]]:
    """Living tags that a hand puts on, by their names alone and with their group's."""
    found: dict[str, list[Tag]] = defaultdict(list)
    living = Tag.objects.filter(deleted_at=None, group__deleted_at=None).exclude(kind=Tag.Kind.RULE)
    for tag in living.select_related("group__corp"):
        found[tag.name].append(tag)
        found[f"{tag.group.name}/{tag.name}"].append(tag)
    return dict(found)


def _known(drafts: Sequence[Draft]) -> Known:
    owners: dict[tuple[str, str], int] = {}
    for kind in (PHONE, CARD):
        by_index = {value: d[kind] for d in drafts if d[kind] for value in identities.indexes(kind, d[kind])}
        empty = identities.of_no_use(kind, set(by_index.values()))
        found = {(kind, by_index[value]): m for value, m in identities.owners(kind, by_index).items()}
        owners |= {one: m for one, m in found.items() if one[1] not in empty}
    told = [d[EXTERNAL] for d in drafts if d[EXTERNAL]]
    external = Identity.objects.filter(kind=Identity.Kind.EXTERNAL_USERID, value__in=told)
    owners |= {(EXTERNAL, value): member for value, member in external.values_list("value", "member_id")}
    roots = persons.roots(list(owners.values()))
    circles = {member: root for root, circle in persons.circle(roots.values()).items() for member in circle}
    worn = MemberTag.objects.filter(member__in=circles).exclude(source=MemberTag.Source.RULE)
    bears = {(circles[m], tag) for m, tag in worn.values_list("member_id", "tag_id")}
    waiting = Marking.objects.filter(member__in=circles, state__in=[Marking.State.WAITING, Marking.State.ASKED])
    for member, tag, on in waiting.order_by("pk").values_list("member_id", "tag_id", "puts_on"):
        (bears.add if on else bears.discard)((circles[member], tag))
    held = fields.of(set(roots.values()))
    people = dict(Member.objects.filter(pk__in=roots.values()).values_list("pk", "public_id"))
    return Known(owners, roots, people, bears, held)


def _judge(draft: Draft, known: Known, library: dict[str, list[Tag]], own: dict[str, Field]) -> Verdict:
    verdict = Verdict(draft.number)
    root = _root(draft, verdict, known)
    put_on, take_off = (_tags(draft, column, library, verdict) for column in ("put_on", "take_off"))
    told = _told(draft, root or 0, own, verdict)
    if verdict.problems or root is None:
        return verdict.settle()
    verdict.thing = known.names[root]
    act = verdict.act = Act(root)
    act.put_on = [tag for tag in put_on if (root, tag.pk) not in known.worn]
    act.take_off = [tag for tag in take_off if (root, tag.pk) in known.worn]
    if act.put_on:
        verdict.change("put_on", "", "、".join(tag.name for tag in act.put_on))
    if act.take_off:
        verdict.change("take_off", "、".join(tag.name for tag in act.take_off), "—")
    if told and told.value != (before := known.values.get((root, told.field.pk))):
        act.told = told
        verdict.change("value", *("" if v is None else _shown(told.field, v) for v in (before, told.value)))
    return verdict.settle()


def _shown(own: Field, value: Any) -> str:
    said = fields.plain(value)
    return "••••" if own.is_personal else "、".join(said) if isinstance(said, list) else str(said)


def _root(draft: Draft, verdict: Verdict, known: Known) -> int | None:
    ids = [(kind, draft[kind]) for kind in (PHONE, CARD, EXTERNAL) if draft[kind]]
    if not ids:
        verdict.refuse("one_of", "phone", columns="手机号、会员卡号、external_userid")
    found = {known.roots[known.owners[one]] for one in ids if one in known.owners}
    if ids and not found:
        verdict.refuse("nobody", str(ids[0][0]))
    if len(found) > 1:
        verdict.refuse("is_someone_else", str(ids[0][0]))
    return found.pop() if len(found) == 1 else None


def _tags(draft: Draft, column: str, library: dict[str, list[Tag]], verdict: Verdict) -> list[Tag]:
    chosen = []
    for name in draft[column] or ():
        found = library.get(name, [])
        if len(found) == 1:
            chosen += found
        else:
            verdict.refuse("ambiguous" if found else "unknown", column, value=name[:60])
    return chosen


def _told(draft: Draft, root: int, own: dict[str, Field], verdict: Verdict) -> fields.Told | None:
    if not draft["field"]:
        if draft["value"]:
            verdict.refuse("needs", "field", other=draft["value"][:20])
        return None
    found = own.get(draft["field"])
    if found is None:
        verdict.refuse("unknown", "field", value=draft["field"])
        return None
    try:
        return fields.Told(root, found, fields.read(found, draft["value"]))
    except fields.Wrong:
        verdict.refuse("no_value", "value", field=found.name)
    return None


def bring_in(verdicts: Sequence[Verdict], case: Case) -> None:
    acts = [v.act for v in verdicts if v.act]
    wanted: dict[tuple[bool, int], list[int]] = defaultdict(list)
    library: dict[int, Tag] = {}
    for act in acts:
        for on, some in ((True, act.put_on), (False, act.take_off)):
            for tag in some:
                library[tag.pk] = tag
                wanted[on, tag.pk].append(act.root)
    for (on, pk), roots in wanted.items():
        _write(library[pk], roots, on=on, case=case)
    fields.write([act.told for act in acts if act.told], source="import", by=case.by, at=case.at)


def _write(tag: Tag, roots: list[int], *, on: bool, case: Case) -> None:
    if tag.kind == Tag.Kind.WECOM:
        taggings.mark(roots, tag, puts_on=on, by=case.by, at=case.at)
    elif on:
        tags.put_on(roots, tag, by=case.by, at=case.at)
    else:
        tags.take_off_all(roots, tag, by=case.by, at=case.at)


LABELS = Kind(
    "labels",
    _("Tags and fields"),
    _("Tags on customers, and values of the brand's own fields"),
    Permission.IMPORT,
    COLUMNS,
    judge,
    bring_in,
    alone,
)
