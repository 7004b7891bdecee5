"""Reading WeCom's XML: flat, without a DTD, tolerant of order and of fields that we do not know."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.parsers import expat

# Read by us, or by what WeCom signs its letters with: said twice, a letter could mean two things.
# fmt: off
SAID_ONCE = frozenset((
    "ToUserName", "FromUserName", "CreateTime", "TimeStamp", "MsgType", "MsgId", "Event", "InfoType",
    "ChangeType", "AgentID", "SuiteId", "AuthCorpId", "UserID", "NewUserID", "ExternalUserID", "State",
    "WelcomeCode", "Source", "FailReason", "ChatId", "UpdateDetail", "JoinScene", "QuitScene",
    "MemChangeCnt", "MemChangeList", "LastMemVer", "CurMemVer", "Id", "TagType", "StrategyId", "Name",
    "ParentId", "Department", "Status", "TagId", "AddUserItems", "DelUserItems", "AddPartyItems",
    "DelPartyItems", "LinkId", "Content", "Encrypt",
))
# fmt: on


YEAR_10000 = 253_402_300_800  # beyond it Python has no dates

# What most letters are: children of the root with text in them, nothing else. Expat says the same of it, in thrice the
# time; whatever it would normalise, refuse or unescape does not match.
_NOT_TEXT = "\\x00-\\x1f\\ufffe\\uffff"
_TEXT = rf"(?:<!\[CDATA\[([^\]{_NOT_TEXT}]*)\]\]>|([^<>&\]{_NOT_TEXT}]*))"
_CHILD = re.compile(rf"<([A-Za-z][0-9A-Za-z]*)>{_TEXT}</\1>")
_FLAT = re.compile(rf"<xml>(?:<([A-Za-z][0-9A-Za-z]*)>{_TEXT}</\1>)+</xml>")


class Unreadable(Exception):
    """The letter is not the XML that WeCom writes, or lacks what its kind must have."""


@dataclass(slots=True)
class Envelope:
    """What a letter says: the text of each child of the root, and the texts below a child that has children."""

    fields: dict[str, str] = field(default_factory=dict)
    items: dict[str, list[str]] = field(default_factory=dict)

    def named(self) -> tuple[str, str]:
        """Event and ChangeType; a suite says InfoType, a plain message has its MsgType for an event."""
        event = self.text("Event") or self.text("InfoType") or self.text("MsgType")
        return event, self.text("ChangeType")

    def created_at(self) -> datetime:
        """CreateTime (a suite says TimeStamp) as an instant; raises Unreadable."""
        seconds = _number(self.text("CreateTime") or self.text("TimeStamp"), "CreateTime")
        if not 0 < seconds < YEAR_10000:
            raise Unreadable("CreateTime is out of range")
        return datetime.fromtimestamp(seconds, UTC)

    def must(self, name: str) -> str:
        """The text of a field that this kind of letter has; raises Unreadable."""
        if not (value := self.text(name)):
            raise Unreadable(f"{name} is missing")
        return value

    def must_number(self, name: str) -> int:
        return _number(self.must(name), name)

    def text(self, name: str) -> str:
        return self.fields.get(name, "")

    def maybe(self, name: str) -> str | None:
        return self.fields.get(name) or None

    def number(self, name: str) -> int | None:
        return _number(self.fields[name], name) if self.fields.get(name) else None

    def numbers(self, name: str) -> tuple[int, ...] | None:
        return tuple(_number(part, name) for part in self.parts(name)) if name in self.fields else None

    def parts(self, name: str) -> tuple[str, ...]:
        """A list that stands in one element, with commas."""
        return tuple(part.strip() for part in self.text(name).split(",") if part.strip())


def _number(text: str, name: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Unreadable(f"{name} is not a number")
    return int(text)


class _Reader:
    """Collects the children of the root while expat walks."""

    def __init__(self) -> None:
        self.envelope = Envelope()
        self.path: list[str] = []
        self.text: list[str] = []

    def start(self, name: str, _attributes: list[str]) -> None:
        depth = len(self.path)
        if depth == 0 and name != "xml":
            raise Unreadable("the root is not <xml>")
        if depth == 1 and name in SAID_ONCE and name in self.envelope.fields:
            raise Unreadable("a child of the root stands there twice")
        if depth == 1:
            self.envelope.fields[name] = ""
        self.path.append(name)
        self.text.clear()

    def end(self, name: str) -> None:
        depth = len(self.path)
        if depth == 2 and name not in self.envelope.items:
            self.envelope.fields[name] = "".join(self.text).strip()
        elif depth > 2:
            self.envelope.items.setdefault(self.path[1], []).append("".join(self.text).strip())
        self.path.pop()
        self.text.clear()


def _refuse(*_: object) -> None:
    raise Unreadable("a DTD, an entity or a processing instruction")


def _utf8(xml: bytes) -> str:
    """The document as text; expat would believe a byte order mark, or NULs in the places where UTF-16 has them."""
    try:
        text = xml.decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("not UTF-8") from None
    if "\0" in text:
        raise Unreadable("a NUL")
    return text


def read(xml: bytes) -> Envelope:
    """The letter's fields; raises Unreadable for a DTD, a doubled field, or anything that is not well-formed UTF-8."""
    text = _utf8(xml)
    if _FLAT.fullmatch(text):
        children = _CHILD.findall(text)
        fields = {name: (sealed or bare).strip() for name, sealed, bare in children}
        if len(fields) == len(children):
            return Envelope(fields)
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.ordered_attributes = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text.append
    parser.StartDoctypeDeclHandler = _refuse
    parser.ProcessingInstructionHandler = _refuse
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise Unreadable(f"not well-formed (expat {error.code})") from None
    return reader.envelope
