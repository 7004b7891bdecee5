"""Backups are taken while letters come, restored elsewhere, and brought up to date from WeCom."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from scrm import sandbox
from scrm.embedded import places, postgres
from tests.chaos.house import House, a_port, delivering, environment, until
from tests.operations.test_deploy import a_guide, query
from tests.operations.units import ROOT, Installation

pytestmark = [pytest.mark.chaos, pytest.mark.network, pytest.mark.timeout(300), pytest.mark.xdist_group("deploy")]
SCRIPTS = ROOT / "deploy/backup"


def script(name: str, *words: str, programs: Path, **env: str) -> str:
    """Runs one of deploy/backup and gives its last line."""
    said = {"PATH": os.environ["PATH"], "PG_BIN": str(programs), "HOME": os.environ.get("HOME", "/"), **env}
    done = subprocess.run([str(SCRIPTS / name), *words], env=said, capture_output=True, text=True, timeout=120)
    assert not done.returncode, done.stderr
    return (done.stdout.strip().splitlines() or [""])[-1]


def backup(cluster: postgres.Cluster, folder: Path, database: str = postgres.DATABASE, **env: str) -> str:
    """A copy of a running cluster, made as the timer makes it."""
    said = {"BACKUP_DIR": str(folder), "BACKUP_URL": cluster.url(postgres.SUPERUSER, "postgres")}
    said["BACKUP_NOTE_URL"] = cluster.url(postgres.SUPERUSER, database)
    return script("base.sh", programs=cluster.programs, **said, **env)


def restored(copy: str, folder: Path, like: postgres.Cluster, **env: str) -> postgres.Cluster:
    """A second cluster, started on a copy."""
    cluster = postgres.at(folder / "pg")
    unpacked = folder / "unpacked"
    script("restore.sh", copy, str(unpacked), programs=like.programs, **env)
    shutil.move(unpacked, cluster.data)
    if places.is_root():
        subprocess.run(["chown", "-R", "nobody", str(cluster.data)], check=True)
    return postgres.start(folder / "pg")


@pytest.fixture
def shop(installed: Installation) -> Iterator[tuple[Installation, Any]]:
    """A corp that was connected and synced, with web and worker."""
    with sandbox.running(seed=7, stores=2, callback_url=f"http://127.0.0.1:{installed.port}") as wx:
        installed.start("web", "work")
        until(lambda: query(installed, "SELECT 1 FROM audit_heartbeat WHERE name = 'work'"))
        keys = ["--corp-id", wx.corp_id, "--agent-id", str(wx.agent_id), "--secret", wx.secret]
        keys += ["--token", wx.token, "--aes-key", wx.aes_key, "--slug", wx.slug]
        installed.manage("connect_corp", *keys, "--api-base-url", wx.base_url)
        yield installed, wx
        installed.stop()


def customers(house: Installation) -> int:
    return int(query(house, "SELECT count(*) FROM guides_relation WHERE state = 'live'")[0][0])


def test_what_came_between_backup_and_crash_comes_back_from_wecom(
    shop: tuple[Installation, Any], tmp_path: Path
) -> None:
    house, wx = shop
    people = [wx.customer(name=f"客户{n}") for n in range(6)]
    for who in people[:3]:
        wx.add(who, a_guide(wx))
    until(lambda: customers(house) == 3)
    copy = backup(house.cluster, tmp_path / "copies", house.database)
    for who in people[3:]:
        wx.add(who, a_guide(wx))
    until(lambda: customers(house) == 6)
    house.stop()  # the machine is lost here, and with it what came after the backup
    second = Installation(tmp_path, restored(copy, tmp_path, house.cluster), house.broker, database=house.database)
    try:
        assert customers(second) == 3
        said = second.manage("restore_check", "--restored")
        assert "keys, relations and audit book are whole" in said
        assert "run manage.py sync_corp" in said
        second.start("work")
        second.manage("sync_corp")
        until(lambda: customers(second) == 6)
    finally:
        second.stop()
        postgres.remove(tmp_path / "pg")


def test_the_product_is_told_that_a_backup_ended_well(installed: Installation, tmp_path: Path) -> None:
    backup(installed.cluster, tmp_path, installed.database)
    assert query(installed, "SELECT detail ->> 'what' FROM audit_heartbeat WHERE name = 'backup'") == [("base",)]


def test_a_dump_of_one_database_is_restored_by_pg_restore(installed: Installation, tmp_path: Path) -> None:
    url = installed.cluster.url(f"{installed.database}_owner", installed.database)
    copy = script("dump.sh", programs=installed.cluster.programs, BACKUP_DIR=str(tmp_path), BACKUP_URL=url)
    again = Installation(tmp_path, installed.cluster, installed.broker, database="again")
    again.bootstrap()
    target = installed.cluster.url(postgres.SUPERUSER, "again")
    words = ["pg_restore", "--no-owner", "--no-privileges", "--role=again_owner", "-d", target, copy]
    subprocess.run([str(installed.cluster.programs / words[0]), *words[1:]], check=True, capture_output=True)
    again.migrate()
    assert "are whole" in again.manage("restore_check")


def test_only_so_many_copies_are_kept_and_a_half_made_one_is_none(installed: Installation, tmp_path: Path) -> None:
    for name in ("base-20200101T000000Z.tar.gz", "base-20200102T000000Z.tar.gz"):
        (tmp_path / name).touch()
    newest = backup(installed.cluster, tmp_path, installed.database, BACKUP_KEEP="2")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base-20200102T000000Z.tar.gz", Path(newest).name]


@pytest.mark.skipif(not shutil.which("gpg"), reason="no gpg here")
def test_a_sealed_copy_is_opened_by_its_key_only(tmp_path: Path) -> None:
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    env = {"PATH": os.environ["PATH"], "GNUPGHOME": str(home)}
    make = ["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "backup@example.com", "default"]
    subprocess.run([*make, "default", "never"], env=env, check=True, capture_output=True)
    sealing = {**env, "BACKUP_RECIPIENT": "backup@example.com"}
    plain = b"canary of a phone 13800138000"
    sealed = subprocess.run(
        [str(SCRIPTS / "seal.sh")], input=plain, env=sealing, check=True, capture_output=True
    ).stdout
    assert b"canary" not in sealed
    (tmp_path / "copy.sealed").write_bytes(sealed)
    words = [str(SCRIPTS / "open.sh"), str(tmp_path / "copy.sealed")]
    assert subprocess.run(words, env=env, check=True, capture_output=True).stdout == plain
    assert subprocess.run(words, env={**env, "GNUPGHOME": str(tmp_path)}, capture_output=True).returncode


def test_a_wrong_key_and_a_touched_relation_are_found(installed: Installation) -> None:
    with psycopg.connect(installed.cluster.url(postgres.SUPERUSER, installed.database), autocommit=True) as database:
        database.execute(
            "INSERT INTO wecom_corp (corp_id, name, api_base_url) VALUES ('ww-drill', '', '') ON CONFLICT DO NOTHING"
        )
        database.execute(
            "INSERT INTO wecom_app (corp_id, agent_id, name, secret, token_serial, token_failures) "
            "SELECT id, 1, '', decode('01deadbeef00', 'hex'), 0, 0 FROM wecom_corp WHERE corp_id = 'ww-drill'"
        )
        try:
            with pytest.raises(Exception, match="things are wrong"):
                installed.manage("restore_check")
        finally:
            database.execute(
                "DELETE FROM wecom_app WHERE corp_id IN (SELECT id FROM wecom_corp WHERE corp_id = 'ww-drill')"
            )
            database.execute("DELETE FROM wecom_corp WHERE corp_id = 'ww-drill'")


def test_a_copy_taken_while_letters_come_holds_what_was_answered_before_it(tmp_path: Path) -> None:
    cluster = postgres.start(tmp_path / "first" / "pg")
    house = House(cluster, tmp_path, environment(cluster, tmp_path), a_port())
    try:
        house.furnish()
        house.open()
        with delivering(house, "backup") as wecom:
            wecom.more(100)
            before = set(wecom.answered)
            copy = backup(cluster, tmp_path / "copies")
            wecom.more(50)
        house.close()
        second = restored(copy, tmp_path, cluster)
        with psycopg.connect(second.url_owner) as connection:
            stored = {who for (who,) in connection.execute("SELECT stream FROM wecom_letter").fetchall()}
        assert before <= stored
    finally:
        house.close()
        postgres.remove(tmp_path / "pg")
        postgres.remove(tmp_path / "first" / "pg")


def test_with_its_wal_a_copy_is_brought_to_the_last_archived_moment(tmp_path: Path) -> None:
    cluster = postgres.start(tmp_path / "first" / "pg")
    store = places.true_home(tmp_path / "store")
    (tmp_path / "backup.env").write_text(f"BACKUP_DIR={store}\n")
    env = {"BACKUP_DIR": str(store), "BACKUP_ENV": str(tmp_path / "backup.env")}
    try:
        with psycopg.connect(cluster.url(postgres.SUPERUSER, "postgres"), autocommit=True) as database:
            database.execute("CREATE TABLE moments (n int)")
            copy = script("base.sh", programs=cluster.programs, BACKUP_URL=database_url(cluster), **env)
            database.execute("INSERT INTO moments VALUES (1)")
            database.execute("SELECT pg_switch_wal()")
            archive(cluster, env)
            archive(cluster, env)  # PostgreSQL asks again for a segment when it did not hear the answer
        cluster.stop()
        script("restore.sh", copy, str(tmp_path / "unpacked"), programs=cluster.programs, **env)
        second = where_postgres_may_go(tmp_path, store)
        with psycopg.connect(second.url(postgres.SUPERUSER, "postgres")) as database:
            assert database.execute("SELECT n FROM moments").fetchall() == [(1,)]
    finally:
        postgres.remove(tmp_path / "pg")
        postgres.remove(tmp_path / "first" / "pg")
        places.forget(tmp_path / "store")


def database_url(cluster: postgres.Cluster) -> str:
    return cluster.url(postgres.SUPERUSER, "postgres")


def archive(cluster: postgres.Cluster, env: dict[str, str]) -> None:
    """Every segment that is there, as archive_command does it."""
    for path in sorted((cluster.data / "pg_wal").iterdir()):
        if len(path.name) == 24:
            script("archive.sh", str(path), path.name, programs=cluster.programs, **env)


def where_postgres_may_go(tmp_path: Path, store: Path) -> postgres.Cluster:
    """Starts the restored cluster; root's runs as nobody, who needs the scripts and the archive where he may read."""
    cluster, scripts = postgres.at(tmp_path / "pg"), store / "scripts"
    shutil.copytree(SCRIPTS, scripts)
    shutil.copy(tmp_path / "backup.env", scripts / "env")
    conf = tmp_path / "unpacked" / "postgresql.auto.conf"
    said = conf.read_text().replace(str(SCRIPTS), str(scripts))
    conf.write_text(said.replace(str(tmp_path / "backup.env"), str(scripts / "env")))
    shutil.move(tmp_path / "unpacked", cluster.data)
    if places.is_root():
        subprocess.run(["chown", "-R", "nobody", str(cluster.data), str(store)], check=True)
    return postgres.start(tmp_path / "pg")


def test_a_segment_that_cannot_be_read_is_not_called_archived(tmp_path: Path) -> None:
    (tmp_path / "env").write_text(f"BACKUP_DIR={tmp_path}\n")
    env = {"PATH": os.environ["PATH"], "BACKUP_ENV": str(tmp_path / "env")}
    words = [str(SCRIPTS / "archive.sh"), str(tmp_path / "nowhere"), "000000010000000000000002"]
    assert subprocess.run(words, env=env, capture_output=True).returncode
    assert list((tmp_path / "wal").iterdir()) == []


def test_another_segment_of_the_same_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "env").write_text(f"BACKUP_DIR={tmp_path}\n")
    env = {"PATH": os.environ["PATH"], "BACKUP_ENV": str(tmp_path / "env")}
    codes = []
    for content in (b"one", b"one", b"other"):
        (tmp_path / "segment").write_bytes(content)
        words = [str(SCRIPTS / "archive.sh"), str(tmp_path / "segment"), "000000010000000000000002"]
        codes.append(subprocess.run(words, env=env, capture_output=True).returncode)
    assert codes == [0, 0, 1]
