"""What holds for the whole house, whoever builds in it."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection, models

from scrm.audit.grants import append_only_tables

ROOT = Path(__file__).resolve().parent.parent
OURS = ("scrm", "stores", "members", "guides", "campaigns")
FORBIDDEN = {"utils", "helpers", "common", "services", "base", "misc", "managers", "signals"}
EMPTY_WORDS = re.compile(r"(Manager|Handler|Processor|Service|Helper|Util)s?$")
SOURCES = [p for top in OURS for p in (ROOT / top).rglob("*.py") if "migrations" not in p.parts]
HOLDS_NOBODYS_ROWS = {"audit", "rest", "wecom", "dashboard"}


def test_no_file_is_a_drawer_for_everything() -> None:
    assert not [p for p in SOURCES if p.stem in FORBIDDEN]


EVERYWHERE = {"__init__", "apps", "urls", "admin", "api", "filters", "tasks"}


@pytest.mark.parametrize("app", ["guides", "members"])
def test_the_map_names_every_room(app: str) -> None:
    shown = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    rooms = {p.stem for p in (ROOT / app).glob("*.py")} - EVERYWHERE
    assert {room for room in rooms if f"`{room}`" not in shown} == set()


def test_no_class_is_called_by_an_empty_word() -> None:
    classes = [
        (path.name, node.name)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef) and EMPTY_WORDS.search(node.name)
    ]
    assert not [(file, name) for file, name in classes if "sandbox" not in file]


def test_the_domain_has_no_clock_of_its_own() -> None:
    told = re.compile(r"datetime\.now\(|timezone\.now\(|date\.today\(|utcnow\(")
    assert {p.relative_to(ROOT).as_posix() for p in SOURCES if told.search(p.read_text("utf-8"))} <= {
        "scrm/clock.py"
    } | {p.relative_to(ROOT).as_posix() for p in SOURCES if "sandbox" in p.parts or "demo" in p.parts}


def test_whatever_leaves_as_a_table_is_written_by_sheets() -> None:
    """So that no cell of any file runs; a board's book, with a title above its header, asks `inert` for its cells."""
    told = re.compile(
        r"^\s*(import csv|from csv |from openpyxl |import openpyxl)|HttpResponse\(.*text/csv|inert\.EXCEL", re.M
    )
    writers = {p.relative_to(ROOT).as_posix() for p in SOURCES if told.search(p.read_text("utf-8"))}
    boards, imports = "scrm/dashboard/exports.py", "scrm/imports/files.py"
    assert {name for name in writers if not name.startswith("scrm/sheets/")} == {boards, imports}
    assert all("inert." in (ROOT / name).read_text("utf-8") for name in (boards, imports))


def test_every_table_says_how_its_rows_reach_a_store() -> None:
    silent = [
        model._meta.label
        for model in apps.get_models()
        if model._meta.app_config.name.split(".")[0] in OURS
        and model._meta.app_label not in HOLDS_NOBODYS_ROWS
        and not hasattr(model, "store_path")
    ]
    assert not silent


@pytest.mark.django_db
def test_the_app_role_owns_nothing_and_rewrites_no_history() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user)"
        )
        assert cursor.fetchone() == ("zhanggui_app", False)
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user")
        assert cursor.fetchone() == (0,)
        for table in append_only_tables():
            cursor.execute(
                "SELECT has_table_privilege(%s, 'UPDATE'), has_table_privilege(%s, 'DELETE')", [table, table]
            )
            assert cursor.fetchone() == (False, False)


def test_some_tables_only_grow() -> None:
    assert {"audit_entry", "guides_relationfact"} <= set(append_only_tables())


def test_every_constraint_speaks_in_words() -> None:
    named = [
        c.name for m in apps.get_models() if m._meta.app_config.name.split(".")[0] in OURS for c in m._meta.constraints
    ]
    assert all(len(name.split("_")) >= 4 for name in named)


def test_money_and_counts_are_never_floats_but_places_and_buckets() -> None:
    floats = {
        f"{m._meta.label}.{f.name}"
        for m in apps.get_models()
        for f in m._meta.get_fields()
        if isinstance(f, models.FloatField) and m._meta.app_config.name.split(".")[0] in OURS
    }
    assert floats == {
        "stores.Store.latitude",
        "stores.Store.longitude",
        "wecom.Quota.minute_left",
        "wecom.Quota.hour_left",
    }
