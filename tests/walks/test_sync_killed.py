"""`manage.py sync_corp` as a process of its own, killed in the middle: the next one goes on where it ended."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from guides.models import Relation, Sync, SyncChunk
from scrm import clock
from tests.chaos.house import until
from tests.walks.conftest import House

ROOT = Path(__file__).parents[2]
PATIENCE = 120


def start(urls: dict[str, str], house: House) -> "subprocess.Popen[str]":
    env = {**os.environ, "DATABASE_URL": urls["DATABASE_URL"], "WECOM_API_BASE_URL": house.wx.base_url}
    words = [sys.executable, str(ROOT / "manage.py"), "sync_corp"]
    return subprocess.Popen(words, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.mark.chaos
@pytest.mark.timeout(300)
def test_a_killed_sync_goes_on_and_brings_in_everything(house: House, database_urls: dict[str, str]) -> None:
    people = [house.wx.customer(name=f"顾客{n}") for n in range(12)]
    guides = [user["userid"] for user in house.wx.do("GET", "world")["users"] if user["serves"]][:4]
    for n, who in enumerate(people):
        house.wx.add(who, guides[n % 4])
    house.wx.faults.set(slow={"get_by_user": 3.0})
    first = start(database_urls, house)
    until(lambda: SyncChunk.objects.filter(phase="customers", state="running").exists())
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert Sync.objects.get().state == Sync.State.RUNNING and not Relation.objects.exists()
    house.wx.faults.clear()
    SyncChunk.objects.filter(state="running").update(due_at=clock.now())  # the lease of who was killed ends
    second = start(database_urls, house)
    said, _ = second.communicate(timeout=PATIENCE)
    assert second.returncode == 0, said
    assert Sync.objects.get().state == Sync.State.DONE and Relation.objects.live().count() == 12
    assert rosters_read(house) == 1


def rosters_read(house: House) -> int:
    """How often the second process asked for departments again: those were in already."""
    calls: list[Any] = house.wx.calls("department/list")
    return len(calls) - 1  # the house itself has read it once, to be there
