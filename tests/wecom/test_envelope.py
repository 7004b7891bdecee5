"""The short way of reading a letter says what expat says, or leaves it to expat."""

import random
import re
from typing import Any

import pytest

from scrm.wecom import envelope
from tests.corpus.callback_seal import added

ODD = ["\n", "\r", "\t", "\x85", "\u2028", "\x01", "\ufffe", "\ufeff"]
PIECES = [*ODD, *"x中 &]><1", "&amp;", "]]>", "<B/>", "<![CDATA["]


def said(xml: bytes) -> Any:
    try:
        return envelope.read(xml)
    except envelope.Unreadable:
        return "unreadable"


def letters(count: int) -> list[bytes]:
    """Letters with all kinds of things in their fields, a third of them quite ordinary."""
    chance = random.Random(3)

    def text() -> str:
        inside = "".join(chance.choices(PIECES, k=chance.randrange(4)) if chance.random() < 0.6 else ["zhang"])
        return f"<![CDATA[{inside}]]>" if chance.random() < 0.5 else inside

    names = ["A", "State", "UserID", "State", "Ünder"]
    fields = [chance.sample(names, chance.randrange(1, 4)) for _ in range(count)]
    return [("<xml>" + "".join(f"<{n}>{text()}</{n}>" for n in some) + "</xml>").encode() for some in fields]


def test_both_ways_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    all_letters = letters(5000)
    short = [said(xml) for xml in all_letters]
    assert sum(bool(envelope._FLAT.fullmatch(xml.decode())) for xml in all_letters) > 1000
    monkeypatch.setattr(envelope, "_FLAT", re.compile("(?!)"))
    assert short == [said(xml) for xml in all_letters]


def test_an_ordinary_letter_goes_the_short_way() -> None:
    assert envelope._FLAT.fullmatch(added(state="s", welcome_code="c").decode())
