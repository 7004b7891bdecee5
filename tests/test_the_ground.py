"""The tests' own ground: who they are in the database, and that nobody phones home."""

import re
import socket
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import ProgrammingError, connection
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent


def test_other_machines_cannot_be_reached() -> None:
    with socket.socket() as line, pytest.raises(RuntimeError, match="another machine"):
        line.connect(("192.0.2.1", 80))
    with pytest.raises(RuntimeError, match="another machine"):
        socket.create_connection(("qyapi.weixin.qq.com", 443))


def test_the_lock_names_no_host() -> None:
    assert "http" not in (ROOT / "requirements.lock").read_text()


def test_the_lock_holds_what_pyproject_wants() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    wanted = [Requirement(each) for each in project["project"]["dependencies"] + groups["embedded"] + groups["dev"]]
    pins = re.findall(r"^([\w.-]+)(?:\[.*\])?==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    locked = {canonicalize_name(name): version for name, version in pins}
    assert [w for w in wanted if not w.specifier.contains(locked.get(canonicalize_name(w.name), "0"), True)] == []


@pytest.mark.django_db
def test_we_are_the_app_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select current_user")
        assert cursor.fetchone() == ("zhanggui_app",)


@pytest.mark.django_db
def test_the_app_role_cannot_change_the_schema() -> None:
    with connection.cursor() as cursor, pytest.raises(ProgrammingError, match="permission denied"):
        cursor.execute("create table mine (id int)")


@pytest.mark.django_db
def test_the_owner_can(as_owner: Callable) -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("create table mine (id int)")
        cursor.execute("select tableowner from pg_tables where tablename = 'mine'")
        assert cursor.fetchone() == ("zhanggui_owner",)


@pytest.mark.django_db(transaction=True)
def test_tables_are_emptied_after_a_test_with_real_transactions() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select current_user")
        assert cursor.fetchone() == ("zhanggui_app",)


def test_every_setting_is_documented() -> None:
    source = (ROOT / "scrm" / "settings.py").read_text()
    read = set(re.findall(r'(?:environ\.get\(|environ\[|env_\w+\()"([A-Z_]+)"', source))
    documented = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert read
    assert read - documented == set()
