"""What was acknowledged survives kill -9 of PostgreSQL, and while it is away nothing is acknowledged."""

import os
import signal
import threading
from typing import Any

import psycopg
import pytest

from scrm.embedded.postgres import Cluster
from scrm.wecom import commit
from tests.wecom.test_commit import row

TABLE = """
CREATE TABLE wecom_letter (id bigserial PRIMARY KEY, receiver_id bigint, corp_id bigint,
  digest bytea UNIQUE, body bytea,
  stream text, shard smallint, event text, change_type text, happened_at timestamptz, received_at timestamptz,
  welcome text, due_at timestamptz, state text, attempts smallint, last_error text)
"""


@pytest.fixture
def address(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> str:
    with psycopg.connect(cluster.url_owner, autocommit=True) as owner:
        owner.execute(TABLE)
    options = {
        "conninfo": cluster.url_owner,
        "connect_timeout": 2,
        "options": "-c synchronous_commit=on",
        "autocommit": True,
    }
    monkeypatch.setattr(commit, "address", lambda: options)
    return cluster.url_owner


class Postmen(threading.Thread):
    """Delivers letters one after the other and notes which were acknowledged."""

    def __init__(self, group: commit.GroupCommit, number: int, stop: threading.Event) -> None:
        super().__init__()
        self.group, self.number, self.stop = group, number, stop
        self.acknowledged: list[str] = []
        self.refused = 0

    def run(self) -> None:
        letter = 0
        while not self.stop.wait(0.002):
            name = f"{self.number}-{letter}"
            try:
                self.group.put(row(name))
                self.acknowledged.append(name)
                letter += 1
            except commit.NotWritable:
                self.refused += 1  # and delivered again, as WeCom does


def kill_nine(cluster: Cluster) -> None:
    pid = cluster.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    cluster.ensure()


def test_what_was_acknowledged_is_there_after_kill_nine(cluster: Cluster, address: str) -> None:
    group, stop = commit.GroupCommit(), threading.Event()
    postmen = [Postmen(group, number, stop) for number in range(4)]
    for postman in postmen:
        postman.start()
    for _ in range(2):
        kill_nine(cluster)
    group.put(row("after"))
    stop.set()
    for postman in postmen:
        postman.join()
    with psycopg.connect(address) as owner:
        found: list[Any] = owner.execute("SELECT stream FROM wecom_letter").fetchall()
    stored = [stream for (stream,) in found]
    assert len(stored) == len(set(stored))
    assert not {name for postman in postmen for name in postman.acknowledged} - set(stored)
    assert sum(len(postman.acknowledged) for postman in postmen) > 0
    assert sum(postman.refused for postman in postmen) > 0
