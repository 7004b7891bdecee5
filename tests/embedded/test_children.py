"""A server does not outlive whoever started it, not even by kill -9."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from scrm.embedded import postgres

KILLS_ITSELF = """
import os, signal, sys
from scrm.embedded import postgres
print(postgres.start(sys.argv[1], durable=False).pid(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def gone_within(pid: int, seconds: float) -> bool:
    ends, pause = time.monotonic() + seconds, threading.Event()
    while time.monotonic() < ends:
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        pause.wait(0.01)
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_postgres_ends_with_its_parent(tmp_path: Path) -> None:
    told = subprocess.run([sys.executable, "-c", KILLS_ITSELF, tmp_path / "pg"], capture_output=True, text=True)
    assert gone_within(int(told.stdout), 10)
    postgres.remove(tmp_path / "pg")
