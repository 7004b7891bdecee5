"""The benchmark's own parts: what it sends is what WeCom sends, and its floor does the work that it claims."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench import drain, figures, floor, letters, load
from bench.figures import Figure, at_least, beside, value_at_most
from scrm.wecom import door, events

NOW = datetime(2026, 3, 2, tzinfo=UTC)
OURS = door.Door((door.Key.of(letters.TOKEN, letters.AES_KEY),), letters.CORP_ID.encode())


def sent(said: letters.Said) -> tuple[bytes, bytes]:
    """Query and body of the request."""
    head, _, body = letters.request(said.xml()).partition(b"\r\n\r\n")
    return head.split(b" ")[1].partition(b"?")[2], body


def test_the_door_and_the_floor_open_the_same_letter() -> None:
    said = next(letters.adds(1))
    query, body = sent(said)
    row = floor.opened(query, body)
    assert row and OURS.open(query, body, NOW).xml == said.xml() == row[3]


def test_the_floor_refuses_what_is_not_signed() -> None:
    query, body = sent(next(letters.adds(1)))
    assert floor.opened(b"msg_signature=" + b"0" * 40 + query[54:], body) is None


def test_no_two_letters_are_alike(tmp_path: Path) -> None:
    letters.write(letters.adds(50), tmp_path / "letters")
    assert len(set(letters.read(tmp_path / "letters"))) == 50


def test_the_mix_says_everything_that_can_happen_and_collides() -> None:
    told = list(drain.mix(600, dense=0.3))
    pairs = [(one.guide, one.customer) for one in told]
    assert {type(events.parse(one.xml())).__name__ for one in told} >= {"ContactAdded", "ContactEdited"}
    assert {one.change for one in told} == set(drain.CHANGES) and len(set(pairs)) < len(pairs)
    assert len({(*pair, one.at) for pair, one in zip(pairs, told, strict=True)}) == 600


@pytest.mark.parametrize(
    ("held", "status"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nsuccess", "200"),
        (b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", "503"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nsucc", None),
        (b"HTTP/1.1 200 OK\r\nContent-Le", None),
    ],
)
def test_an_answer_counts_when_all_of_it_is_there(held: bytes, status: str | None) -> None:
    assert load.answered(held) == status


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    figure = beside("x", "1/s", [80, 200, 90], [100, 100, 100], target=at_least(0.8))
    assert (figure.value, figure.ratio, figure.n) == (90, 0.9, 3)
    assert figure.target and figure.target.met_by(figure)
    assert not value_at_most(50).met_by(Figure("p99", 51, "ms"))


def test_the_latest_figures_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "LATEST", tmp_path / "latest.json")
    figures.keep([Figure("a", 1.23456, "ms", n=3)])
    row = json.loads((tmp_path / "latest.json").read_text())[0]
    assert row == {"name": "a", "value": 1.235, "unit": "ms", "floor": None, "ratio": None, "n": 3}
    assert "a " in figures.table([Figure("a", 1.0, "ms")])
