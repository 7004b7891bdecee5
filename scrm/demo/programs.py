"""Programs that the demo keeps running: one log each, started again when they fall."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from scrm.embedded import children

LONG_ENOUGH = 10.0  # seconds; a program that ran longer is started again at once
LONGEST_LINE = 400  # of a log, when it is shown
LONGEST_PAUSE = 15.0


class Failed(Exception):
    """A program ended where it should not have; the end of its log follows."""


@dataclass
class Program:
    name: str
    words: Sequence[str]
    env: Mapping[str, str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)
    started_at: float = 0.0
    pause: float = 0.0
    falls: int = 0

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = children.spawn(self.words, output=log, env=self.env)
        self.started_at = time.monotonic()

    def code(self) -> int | None:
        """The exit code; None while it runs or before."""
        return None if self.process is None else self.process.poll()

    def has_ended(self) -> bool:
        return self.code() is not None

    def revive(self) -> bool:
        """Starts a fallen program again, after a pause that grows while it falls at once; True when it did."""
        if not self.has_ended() or time.monotonic() < self.started_at + self.pause:
            return False
        quick = time.monotonic() - self.started_at < LONG_ENOUGH + self.pause
        self.pause = min(LONGEST_PAUSE, self.pause * 2 or 1.0) if quick else 0.0
        self.falls += 1
        self.finish_off()  # its own children may have outlived it and hold its port
        self.start()
        return True

    def ask_to_end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def finish_off(self) -> None:
        """Kills the whole family: each program leads a session of its own."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def tail(self, lines: int = 15) -> str:
        """The last lines of the log, each with the program's name before it."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(f"  {self.name} │ {line[:LONGEST_LINE]}" for line in text.splitlines()[-lines:])


def run(program: Program, *, patience: float) -> str:
    """What a program that ends by itself has printed."""
    before = program.log.stat().st_size if program.log.exists() else 0
    program.start()
    gives_up = time.monotonic() + patience
    while not program.has_ended():
        if time.monotonic() > gives_up:
            program.finish_off()
            raise Failed(f"{program.name} took longer than {patience:.0f} s\n{program.tail()}")
        time.sleep(0.02)
    if code := program.code():
        raise Failed(f"{program.name} ended with {code}\n{program.tail()}")
    with program.log.open("rb") as log:
        log.seek(before)
        return log.read().decode(errors="replace")


def end(programs: Sequence[Program], *, patience: float) -> None:
    """Asks all to end, the last started first, and kills those that do not."""
    for program in reversed(programs):
        program.ask_to_end()
    gives_up = time.monotonic() + patience
    while any(not program.has_ended() for program in programs if program.process) and time.monotonic() < gives_up:
        time.sleep(0.05)
    for program in programs:
        program.finish_off()
