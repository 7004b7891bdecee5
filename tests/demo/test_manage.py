"""A management command in the environment of a demo."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from scrm.demo import manage
from scrm.demo.wishes import ROOT


def test_what_the_demo_tells_its_programs_is_for_its_owners_eyes(tmp_path: Path) -> None:
    manage.remember(tmp_path, {"SECRET_KEY": "s", "BROKER_URL": "b", "HOME": "/nowhere"}, {"SECRET_KEY"})
    assert manage.recall(tmp_path) == {"SECRET_KEY": "s", "BROKER_URL": "b"}
    assert stat.S_IMODE((tmp_path / "environment.json").stat().st_mode) == 0o600


def test_where_no_demo_runs_it_says_so(tmp_path: Path) -> None:
    manage.remember(tmp_path, {}, set())
    manage.forget(tmp_path)
    with pytest.raises(SystemExit, match="No demo runs in"):
        manage.run(["doctor"], {"DEMO_DIR": str(tmp_path)})


def test_a_command_hears_what_the_demo_says(tmp_path: Path) -> None:
    (tmp_path / "environment.json").write_text(json.dumps({"PROFILE": "nonsense"}))
    words = [sys.executable, "-m", "scrm.demo.manage", "check"]
    ended = subprocess.run(words, env={"DEMO_DIR": str(tmp_path)}, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 1 and "PROFILE is 'nonsense'" in ended.stderr
