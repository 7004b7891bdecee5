"""A world that is started again remembers its people."""

from pathlib import Path

import pytest

from scrm.sandbox import memory
from scrm.sandbox.sandbox import Sandbox

KNOWN = {"corp_id": "ww0123456789abcdef", "agent_id": "1000002", "secret": "s" * 43}


def test_people_and_relations_outlive_the_process(tmp_path: Path) -> None:
    first = Sandbox(**KNOWN)
    mei, guide = first.customer(name="Mei"), next(user.userid for user in first.corp.users.values() if user.serves)
    first.add(mei, guide)
    memory.keep(first, tmp_path / "world")
    second = Sandbox(**KNOWN, callback_url="http://127.0.0.1:9/wecom/callback/demo/")
    assert memory.recall(second, tmp_path / "world")
    assert second.corp.relation(guide, mei).status == "full"
    assert second.app.callback_url.endswith("/demo/")


def test_new_people_are_not_old_ones(tmp_path: Path) -> None:
    first = Sandbox(**KNOWN)
    memory.keep(first, tmp_path / "world")
    lost = first.customer()
    second = Sandbox(**KNOWN)
    memory.recall(second, tmp_path / "world")
    assert second.customer() != lost


def test_a_world_of_another_corp_is_left_alone(tmp_path: Path) -> None:
    memory.keep(Sandbox(**KNOWN), tmp_path / "world")
    assert not memory.recall(Sandbox(**{**KNOWN, "corp_id": "wwffffffffffffffff"}), tmp_path / "world")


def test_the_log_and_the_switches_go_on(tmp_path: Path) -> None:
    first = Sandbox(**KNOWN)
    first.world.switches.turn(half_first=True)
    first.log.add("message", 0.0)
    memory.keep(first, tmp_path / "world")
    second = Sandbox(**KNOWN)
    memory.recall(second, tmp_path / "world")
    assert second.log.seq == first.log.seq
    assert second.world.switches.half_first


@pytest.mark.parametrize("content", [None, b"", b"rubbish", b"\x80\x04}.", b"\x80\x04K\x01."])
def test_a_file_that_is_none_is_no_world(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "world").write_bytes(content)
    sandbox = Sandbox(**KNOWN)
    assert not memory.recall(sandbox, tmp_path / "world")
    assert sandbox.customer()
