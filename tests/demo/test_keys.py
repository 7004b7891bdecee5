"""The demo's keys are made once and are nobody else's to read."""

import base64
from pathlib import Path

from scrm.demo.keys import keep


def test_a_second_start_has_the_same_keys(tmp_path: Path) -> None:
    assert keep(tmp_path) == keep(tmp_path)


def test_two_demos_share_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = vars(keep(tmp_path / "a")), vars(keep(tmp_path / "b"))
    assert {name for name in first if first[name] == second[name]} == {"agent_id", "slug"}


def test_only_the_owner_reads_them(tmp_path: Path) -> None:
    keep(tmp_path)
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600


def test_the_aes_key_is_one_that_wecom_would_make(tmp_path: Path) -> None:
    key = keep(tmp_path).aes_key
    assert len(key) == 43 and key.isalnum()
    assert base64.b64encode(base64.b64decode(key + "=")).decode() == key + "="
