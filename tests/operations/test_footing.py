"""Web and workers refuse a database that would lose what they acknowledge, or in which they could rewrite history."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from scrm import footing
from scrm.embedded import postgres
from tests.checks import SAFE

ROOT = Path(__file__).parents[2]
STARTS = {
    "web": [sys.executable, "-c", "import scrm.wsgi"],
    "door": [sys.executable, "-c", "import scrm.asgi"],
    "worker": [sys.executable, str(ROOT / "manage.py"), "work", "--once"],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Cluster]:
    home = tmp_path_factory.mktemp("footing") / "pg"
    yield postgres.start(home)
    postgres.remove(home)


def run(server: postgres.Cluster, words: list[str], role: str = postgres.APP) -> "subprocess.CompletedProcess[str]":
    env = {**SAFE, "DATABASE_URL": server.url(role), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    env |= {"DATABASE_OWNER_URL": server.url_owner, "BASE_URL": "https://scrm.example.com"}
    return subprocess.run(words, env=env, cwd="/", capture_output=True, text=True, timeout=60)


def as_superuser(server: postgres.Cluster, *statements: str) -> None:
    with psycopg.connect(server.url(postgres.SUPERUSER), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]


@pytest.fixture
def careless(server: postgres.Cluster) -> Iterator[postgres.Cluster]:
    as_superuser(server, f"ALTER ROLE {postgres.APP} SET synchronous_commit = off")
    yield server
    as_superuser(server, f"ALTER ROLE {postgres.APP} RESET synchronous_commit")


@pytest.mark.parametrize("process", STARTS)
def test_nothing_starts_where_acknowledged_letters_may_be_lost(careless: postgres.Cluster, process: str) -> None:
    done = run(careless, STARTS[process])
    assert done.returncode
    assert "synchronous_commit is off: acknowledged letters may be lost" in done.stderr


def test_what_tells_of_it_or_mends_it_works(careless: postgres.Cluster) -> None:
    assert run(careless, [sys.executable, str(ROOT / "manage.py"), "showmigrations", "audit"]).returncode == 0


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_server_that_may_be_destroyed_by_a_crash(server: postgres.Cluster, setting: str) -> None:
    as_superuser(server, f"ALTER SYSTEM SET {setting} = off", "SELECT pg_reload_conf()", "SELECT pg_sleep(0.2)")
    done = run(server, STARTS["web"])
    as_superuser(server, f"ALTER SYSTEM RESET {setting}", "SELECT pg_reload_conf()", "SELECT pg_sleep(0.2)")
    assert f"{setting} is off: a crash may destroy" in done.stderr


@pytest.mark.parametrize(("role", "why"), [("superuser", "is a superuser"), ("bypassrls", "has BYPASSRLS")])
def test_a_role_that_may_too_much(server: postgres.Cluster, role: str, why: str) -> None:
    as_superuser(server, f"CREATE ROLE too_mighty_{role} LOGIN {role}")
    assert why in run(server, STARTS["web"], role=f"too_mighty_{role}").stderr


def test_a_role_that_owns_the_tables(server: postgres.Cluster) -> None:
    with psycopg.connect(server.url_app.replace(postgres.APP, postgres.OWNER), autocommit=True) as owner:
        owner.execute("CREATE TABLE IF NOT EXISTS mine (id int)")
    as_superuser(server, "CREATE ROLE landlord LOGIN", "ALTER TABLE mine OWNER TO landlord")
    assert "owns 1 tables" in run(server, STARTS["web"], role="landlord").stderr


def test_a_database_of_another_encoding(server: postgres.Cluster) -> None:
    as_superuser(
        server, "CREATE DATABASE latin TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc"
    )
    words = [sys.executable, "-c", "import scrm.wsgi"]
    env = {**SAFE, "DATABASE_URL": server.url(postgres.APP, "latin"), "PATH": os.environ["PATH"]}
    done = subprocess.run(words, env={**env, "PYTHONPATH": str(ROOT)}, cwd="/", capture_output=True, text=True)
    assert "encoding is SQL_ASCII" in done.stderr
    assert "search is blind to Chinese" in done.stderr


def test_a_database_that_is_away_is_waited_for(server: postgres.Cluster) -> None:
    env = {**SAFE, "DATABASE_URL": "postgresql://app@%2Fnowhere/zhanggui", "PATH": os.environ["PATH"]}
    done = subprocess.run(STARTS["web"], env={**env, "PYTHONPATH": str(ROOT)}, cwd="/", capture_output=True, text=True)
    assert done.returncode == 0
    assert "footing.unknown" in done.stderr


@pytest.mark.django_db
def test_the_tests_own_database_is_quick_and_lossy_and_would_be_refused() -> None:
    said = footing.problems()
    assert any(why.startswith("fsync is off") for why in said) or not said
