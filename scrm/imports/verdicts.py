"""The answer for a line: what would become of it, or why nothing does."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from scrm.clock import day_of
from scrm.imports.columns import Column, Draft
from scrm.imports.models import Import, ImportRow
from stores.access import Permission

Outcome = ImportRow.Outcome
MILD = {"same_as", "repeated_name"}  # what is said of a line without refusing it


@dataclass(slots=True)
class Verdict:
    """What a line comes to. `act` is what its kind will do when it is brought in."""

    number: int
    outcome: str = Outcome.UNCHANGED
    problems: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    thing: str = ""
    act: Any = None

    def refuse(self, code: str, column: str = "", **detail: Any) -> None:
        self.problems.append({"code": code, "column": column, **detail})

    def note(self, code: str, **detail: Any) -> None:
        self.notes.append({"code": code, **detail})

    def change(self, column: str, old: Any, new: Any) -> None:
        self.changes.append({"column": column, "old": "" if old is None else str(old), "new": str(new)})

    def settle(self, *, is_new: bool = False) -> "Verdict":
        """The outcome that follows from what was found."""
        if self.problems:
            self.outcome, self.act, self.changes, self.notes = Outcome.REJECTED, None, [], []
        elif is_new:
            self.outcome, self.changes = Outcome.CREATED, []
        elif self.changes:
            self.outcome = Outcome.UPDATED
        return self


@dataclass
class Case:
    """One file as it is judged and brought in: who, when, and what was chosen."""

    upload: Import
    at: datetime
    by: Any
    missing: dict[str, Counter[str]] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return day_of(self.at)

    def makes(self, what: str) -> bool:
        """Whether names of this sort that nobody knows are to be made."""
        return bool(self.upload.options.get(f"make_{what}"))

    def miss(self, what: str, name: str) -> None:
        self.missing.setdefault(what, Counter())[name] += 1

    def once(self, name: str, ask: Callable[[], Any]) -> Any:
        """What was found out once for the whole file."""
        if name not in self.memory:
            self.memory[name] = ask()
        return self.memory[name]


Claim = tuple[Any, Any]


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    `alone` names what one line of a file may claim for itself; `agree` what all lines that name it must say the same
    of; `span` the time that a line claims of something. `judge` asks the database and writes nothing; `bring_in` writes
    the lines of one batch by the verbs of the domain; `finish` does what comes after all of them.
    """

    name: str
    title: Any
    about: Any
    needs: Permission
    columns: tuple[Column, ...]
    judge: Callable[[Sequence[Draft], Case], list[Verdict]]
    bring_in: Callable[[Sequence[Verdict], Case], None]
    alone: Callable[[Draft], Iterable[Claim]]
    agree: Callable[[Draft], Iterable[tuple[Claim, Any]]] = lambda draft: ()
    span: Callable[[Draft], tuple[Any, Any, Any] | None] = lambda draft: None
    named: Callable[[Draft], str] = lambda draft: ""
    finish: Callable[[Case], None] = lambda case: None
    icon: str = ""

    def label(self, key: str) -> str:
        return next((str(column.label) for column in self.columns if column.key == key), key)


def refused(draft: Draft) -> Verdict | None:
    """The verdict of a line that is wrong by itself or beside others."""
    verdict = Verdict(draft.number)
    verdict.problems = [fault for fault in draft.faults if fault["code"] not in MILD]
    same = [fault for fault in draft.faults if fault["code"] == "same_as"]
    if verdict.problems:
        return verdict.settle()
    if same:
        verdict.notes = same
        return verdict
    return None


def judged(drafts: Sequence[Draft], one_by_one: Callable[[Draft], Verdict]) -> list[Verdict]:
    """The verdict of each line, in order."""
    return [refused(draft) or one_by_one(draft) for draft in drafts]


def good(drafts: Sequence[Draft]) -> list[Draft]:
    """The lines of which the database is to be asked."""
    return [draft for draft in drafts if refused(draft) is None]
