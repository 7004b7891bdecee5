"""Programs under the supervisor's eye: revived when they fall, ended as a family."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scrm.demo import programs
from scrm.demo.programs import Failed, Program

WAITS = "import signal; print('up', flush=True); signal.pause()"
STUBBORN = "import signal; signal.signal(15, signal.SIG_IGN); print('up', flush=True)\nwhile True: signal.pause()"
WITH_CHILD = "import subprocess, sys; print(subprocess.Popen(['sleep', '600']).pid, flush=True); input()"


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Callable[[str], Program]]:
    made: list[Program] = []

    def make(code: str) -> Program:
        words = [sys.executable, "-c", code]
        made.append(Program("one", words, dict(os.environ), tmp_path / f"{len(made)}.log"))
        return made[-1]

    yield make
    programs.end(made, patience=0)


def until(happens: Callable[[], object]) -> None:
    pause = threading.Event()
    while not happens():  # pytest-timeout ends what never happens
        pause.wait(0.01)


def has_spoken(program: Program) -> bool:
    return bool(program.log.exists() and program.log.read_text())


def test_a_killed_program_is_started_again(program: Callable[[str], Program]) -> None:
    waits = program(WAITS)
    waits.start()
    assert not waits.revive()
    waits.process.kill()
    until(waits.has_ended)
    assert waits.revive()
    assert waits.code() is None


def test_one_that_falls_at_once_has_to_wait(program: Callable[[str], Program]) -> None:
    falls = program("raise SystemExit(3)")
    falls.start()
    until(falls.has_ended)
    assert falls.revive()
    until(falls.has_ended)
    assert not falls.revive()
    falls.started_at -= falls.pause
    assert falls.revive()


def test_what_ends_by_itself_gives_its_words(program: Callable[[str], Program]) -> None:
    assert programs.run(program("print('login hq')"), patience=30) == "login hq\n"


def test_a_failure_shows_the_log(program: Callable[[str], Program]) -> None:
    with pytest.raises(Failed, match="one ended with 1\n(.*\n)*  one │ ValueError: because"):
        programs.run(program("raise ValueError('because')"), patience=30)


def test_one_that_takes_too_long_is_ended(program: Callable[[str], Program]) -> None:
    waits = program(WAITS)
    with pytest.raises(Failed, match="took longer"):
        programs.run(waits, patience=0.01)
    assert waits.code() == -signal.SIGKILL


def test_polite_ones_are_asked_and_stubborn_ones_killed(program: Callable[[str], Program]) -> None:
    polite, stubborn = program(WAITS), program(STUBBORN)
    for each in (polite, stubborn):
        each.start()
        until(lambda each=each: has_spoken(each))
    programs.end([polite, stubborn], patience=0.3)
    assert (polite.code(), stubborn.code()) == (-signal.SIGTERM, -signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_children_of_a_program_end_with_it(program: Callable[[str], Program]) -> None:
    parent = program(WITH_CHILD.replace("input()", "import signal; signal.pause()"))
    parent.start()
    until(lambda: has_spoken(parent))
    child = int(parent.log.read_text())
    programs.end([parent], patience=10)
    stat = Path(f"/proc/{child}/stat")
    until(lambda: not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z")
