"""The embedded Valkey keeps what it acknowledged."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from scrm.embedded import valkey


@pytest.fixture
def server(tmp_path: Path) -> Iterator[valkey.Server]:
    yield valkey.start(tmp_path / "valkey")
    valkey.remove(tmp_path / "valkey")


def test_it_answers_and_celery_can_name_it(server: valkey.Server) -> None:
    assert server.is_ready()
    assert server.url == f"redis+socket://{server.socket}"


def test_a_queue_survives_kill_9(server: valkey.Server) -> None:
    redis.Redis(unix_socket_path=str(server.socket)).rpush("queue", "a", "b")
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGKILL)
    server.ensure()
    assert redis.Redis(unix_socket_path=str(server.socket)).llen("queue") == 2


def test_it_stops_and_starts_again_with_its_queue(server: valkey.Server) -> None:
    redis.Redis(unix_socket_path=str(server.socket)).rpush("queue", "a")
    server.stop()
    assert not server.is_ready()
    server.ensure()
    assert redis.Redis(unix_socket_path=str(server.socket)).llen("queue") == 1
