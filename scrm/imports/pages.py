"""Imports as people look at them: each line with its texts, its answer and its way to the thing."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from guides.models import Guide
from members import identities, phones
from members.models import Member
from scrm.imports import columns, sentences
from scrm.imports.kinds import KINDS
from scrm.imports.models import Import, ImportRow
from scrm.imports.verdicts import Kind
from stores.models import Franchisee, Store

MASKED = {"phone": phones.masked, "card": identities.masked_card, "evidence": lambda text: "…"}
SHOWN = 6  # columns of a line that a page shows
ADMIN: dict[str, Any] = {"s_": Store, "f_": Franchisee, "g_": Guide, "m_": Member}
STEPS = ("previewing", "previewed", "applying", "applied")


@dataclass
class Line:
    number: int
    outcome: str
    outcome_words: str
    cells: list[str]
    problems: list[str] = field(default_factory=list)
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    link: str = ""

    @property
    def answer(self) -> str:
        """All that is said of the line, in one sentence for a file."""
        changed = [f"{label}: {old or '—'} → {new}" for label, old, new in self.changes]
        return "；".join([*self.problems, *changed, *self.notes])


def kinds_for(person: Any) -> list[Kind]:
    """The kinds of files that somebody may bring."""
    return [kind for kind in KINDS.values() if person.may(kind.needs)]


def shown_columns(upload: Import, kind: Kind) -> list[columns.Column]:
    """The columns of the file that a page has room for."""
    present = upload.found.get("columns", [])
    return [column for column in kind.columns if column.key in present][:SHOWN]


def lines(rows: Sequence[ImportRow], kind: Kind, shown: Sequence[columns.Column], *, masked: bool = True) -> list[Line]:
    """The lines with their answers; phones, cards and proofs masked."""
    links = _links(rows)
    return [_line(row, kind, shown, links, masked) for row in rows]


def _line(row: ImportRow, kind: Kind, shown: Iterable[columns.Column], links: dict[str, str], masked: bool) -> Line:
    cells, said = json.loads(row.cells or "{}"), json.loads(row.said or "{}")
    texts = [cells.get(column.key, "") for column in shown]
    if masked:
        texts = [_masked(column.key, text) for column, text in zip(shown, texts, strict=True)]
    return Line(
        number=row.number,
        outcome=row.outcome,
        outcome_words=str(ImportRow.Outcome(row.outcome).label) if row.outcome else "",
        cells=texts,
        problems=[_sentence(one, kind) for one in said.get("problems", ())],
        changes=[
            (kind.label(c["column"]), _masked(c["column"], c["old"]), _masked(c["column"], c["new"]))
            for c in said.get("changes", ())
        ],
        notes=[_sentence(one, kind) for one in said.get("notes", ())],
        link=links.get(row.thing, ""),
    )


def _masked(column: str, text: str) -> str:
    return MASKED[column](text) if column in MASKED and text and "****" not in text else text


def _sentence(one: dict[str, Any], kind: Kind) -> str:
    words = sentences.line_sentence(one["code"], one)
    if not one.get("column"):
        return words
    return _("%(column)s: %(words)s") % {"column": kind.label(one["column"]), "words": words}


def _links(rows: Iterable[ImportRow]) -> dict[str, str]:
    """The admin's page of each thing; one query for each sort of thing."""
    links = {}
    for prefix, model in ADMIN.items():
        ids = [row.thing for row in rows if row.thing.startswith(prefix)]
        page = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        for pk, public_id in model.objects.filter(public_id__in=ids).values_list("pk", "public_id") if ids else ():
            links[public_id] = reverse(page, args=[pk])
    return links


def batches(rows: Any, kind: Kind, shown: Sequence[columns.Column], size: int = 1000) -> Iterator[Line]:
    """All of many lines, in full, so many at a time."""
    after = 0
    while found := list(rows.filter(number__gt=after).order_by("number")[:size]):
        yield from lines(found, kind, shown, masked=False)
        after = found[-1].number


def problem(upload: Import) -> str:
    return sentences.file_sentence(upload.problem)


def missing(upload: Import, kind: Kind) -> list[dict[str, Any]]:
    """Names that nobody knows, with whether they are to be made."""
    return [
        {
            "what": what,
            "label": kind.label(what),
            "names": sorted(names.items(), key=lambda pair: (-pair[1], pair[0])),
            "is_made": bool(upload.options.get(f"make_{what}")),
        }
        for what, names in sorted(upload.missing.items())
        if kind.name == "stores"
    ]
