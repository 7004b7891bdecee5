"""The embedded PostgreSQL: what it promises to the demo and to the tests."""

import os
import shutil
import signal
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from scrm.embedded import places, postgres


def one(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
        return row and row[0]


def test_chinese_words_are_similar(cluster: postgres.Cluster) -> None:
    with psycopg.connect(cluster.url_owner) as connection:
        connection.execute("create extension pg_trgm")
    assert one(cluster.url_app, "select similarity('上海门店', '上海门店导购')") == pytest.approx(0.5)


def test_the_owner_makes_tables_and_the_app_does_not(cluster: postgres.Cluster) -> None:
    with psycopg.connect(cluster.url_owner) as connection:
        connection.execute("create table kept (id int)")
    with psycopg.connect(cluster.url_app) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute("create table mine (id int)")
    with psycopg.connect(cluster.url_app) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute("drop table kept")


@pytest.mark.parametrize("role", [postgres.OWNER, postgres.APP])
def test_neither_role_is_a_superuser(cluster: postgres.Cluster, role: str) -> None:
    assert one(cluster.url(role), "select rolsuper from pg_roles where rolname = current_user") is False


def test_what_was_committed_survives_kill_9(cluster: postgres.Cluster) -> None:
    with psycopg.connect(cluster.url_owner) as connection:
        connection.execute("create table kept as select generate_series(1, 100)")
    pid = cluster.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    cluster.ensure()
    assert one(cluster.url_owner, "select count(*) from kept") == 100


def test_a_running_cluster_is_taken_over(cluster: postgres.Cluster) -> None:
    again = postgres.start(cluster.home)
    assert again.pid() == cluster.pid()
    assert again.process is None


def test_a_half_made_cluster_is_made_anew(tmp_path: Path) -> None:
    home = places.true_home(tmp_path / "pg")
    (home / "data.new").mkdir()
    (home / "data.new" / "PG_VERSION").write_text("18\n")
    try:
        assert postgres.start(tmp_path / "pg").is_ready()
    finally:
        postgres.remove(tmp_path / "pg")


def test_a_long_path_still_has_a_short_socket(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 30) / ("longer" * 20)
    try:
        assert postgres.start(home).is_ready()
    finally:
        postgres.remove(home)


def test_removed_means_gone(tmp_path: Path) -> None:
    cluster = postgres.start(tmp_path / "pg")
    postgres.remove(tmp_path / "pg")
    assert not any(place.exists() for place in (cluster.data, cluster.home, cluster.sockets))
    assert not cluster.is_ready()


def test_a_folder_removed_by_hand_gives_a_fresh_cluster(cluster: postgres.Cluster) -> None:
    with psycopg.connect(cluster.url_owner) as connection:
        connection.execute("create table of_old (id int)")
    cluster.stop()
    shutil.rmtree(cluster.home)
    again = postgres.start(cluster.home)
    assert one(again.url_owner, "select to_regclass('of_old')") is None


def test_pg_bin_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for program in ("postgres", "initdb"):
        (tmp_path / program).touch()
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    assert postgres.find_programs() == tmp_path


@pytest.mark.skipif(not places.is_root(), reason="PostgreSQL refuses root, so only root needs somebody else")
def test_root_runs_it_as_nobody(cluster: postgres.Cluster) -> None:
    assert cluster.data.stat().st_uid == places.nobody().pw_uid
    assert (cluster.home / places.WHERE).read_text().strip() == str(cluster.data.parent)
