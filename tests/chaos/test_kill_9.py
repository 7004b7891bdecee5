"""kill -9 while letters come: whatever was answered is stored once and applied once.

That the harness can fail: write `synchronous_commit=off` where `scrm/wecom/commit.py` says `on`, and run
`make test ARGS="tests/chaos -k postgres"` a few times; letters that were answered are then missing.
"""

import os

import pytest

from tests.chaos.house import House, delivering, until

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.timeout(180),
    pytest.mark.xdist_group("chaos"),
    pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="finds the victims by /proc"),
]


def test_web_is_killed_and_nothing_answered_is_lost(house: House) -> None:
    with delivering(house, "web") as wecom:
        for _ in range(3):
            wecom.more()
            house.kill(house.web)
            house.open()
        wecom.more()
    house.all_applied()
    assert not house.faults(wecom.answered)


def test_the_worker_is_killed_and_each_letter_is_applied_once(house: House) -> None:
    with delivering(house, "worker") as wecom:
        for _ in range(3):
            wecom.more()
            until(lambda: house.query("SELECT 1 FROM wecom_letter WHERE state = 'applied' LIMIT 1"))
            house.kill(house.worker)
            house.open()
        wecom.more()
    house.all_applied()
    assert not house.faults(wecom.answered)


def test_postgres_is_killed_and_what_was_answered_was_on_disk(house: House) -> None:
    with delivering(house, "postgres") as wecom:
        for _ in range(3):
            wecom.more()
            house.kill_postgres()
            until(lambda before=wecom.refused: wecom.refused > before)
            house.open()
        wecom.more()
    house.all_applied()
    assert not house.faults(wecom.answered)
    assert wecom.refused and wecom.slowest < 5  # WeCom hangs up after five seconds


def test_all_of_it_is_killed_at_once(house: House) -> None:
    with delivering(house, "all") as wecom:
        wecom.more()
        house.kill_postgres()
        house.kill(house.worker)
        house.kill(house.web)
        house.open()
        wecom.more()
    house.all_applied()
    assert not house.faults(wecom.answered)


def test_the_books_notice_what_is_lost_or_done_twice(house: House) -> None:
    assert [house.deliver(who) for who in ("wm1", "wm2", "wm3")] == [200, 200, 200]
    house.all_applied()
    assert not house.faults({"wm1", "wm2", "wm3"})
    house.as_superuser("UPDATE wecom_letter SET digest = 'x', stream = 'wm2' WHERE stream = 'wm3'")
    assert set(house.faults({"wm1", "wm2", "wm3"})) == {"wm2", "wm3"}
