"""The data map is what the code does: no table is forgotten, no rule is left out, the page is up to date."""

from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from scrm.keeping import holdings, nights
from scrm.keeping.days import DAYS
from scrm.keeping.rules import RULES
from tests.cast import NOW, Cast

ROOT = Path(__file__).resolve().parents[2]
OURS = {"scrm", "stores", "members", "guides", "campaigns"}
TABLES = {
    model._meta.db_table: model
    for model in apps.get_models(include_auto_created=True)
    if model.__module__.split(".")[0] in OURS and model._meta.app_label != "sandbox"
}


def test_no_table_is_forgotten() -> None:
    assert set(holdings.HOLDINGS) == set(TABLES), "name new tables in scrm/keeping/holdings.py, then manage.py data_map"


def test_the_page_is_made_of_the_table() -> None:
    assert (ROOT / "docs/data-map.md").read_text("utf-8") == holdings.page(), "run manage.py data_map"


def test_what_is_about_customers_is_said_to_be() -> None:
    personal = {table for table, model in TABLES.items() if getattr(model, "personal", False)}
    assert {table for table in personal if holdings.HOLDINGS[table].about == holdings.NOBODY} == set()


def test_every_table_says_how_long_it_is_kept_and_every_number_is_used() -> None:
    assert all(holdings.kept(table, one) for table, one in holdings.HOLDINGS.items())
    used = {rule.setting or rule.name for rule in RULES} | {one.setting for one in holdings.HOLDINGS.values()} - {""}
    assert used == set(DAYS)


def test_rules_name_columns_that_are_there() -> None:
    for rule in RULES:
        columns = {field.column for field in TABLES[rule.table]._meta.fields if isinstance(field, models.DateTimeField)}
        assert rule.column in columns, rule.name


@pytest.mark.django_db
def test_a_night_passes_over_all_of_it_and_a_second_changes_nothing(cast: Cast, settings: Any) -> None:
    done = nights.pass_over(NOW)
    assert set(done) == {rule.name for rule in RULES} | {"IMPORT_ROWS", "EVENTS", "PACK_SALTS", "AUDIT"}
    assert not any(nights.pass_over(NOW).values())
