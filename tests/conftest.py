"""Fixtures for everybody: the test database seen as the app role, and a browser."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection, connections
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.signals import connection_created

from scrm.embedded import postgres

APP_ROLE = os.environ.get("TEST_APP_ROLE", "")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


MAY_EMPTY = """
DO $$ DECLARE part text; BEGIN
    FOR part IN SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'never_emptied' LOOP
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER never_emptied', part);
    END LOOP;
END $$
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in the browser come last: Playwright's event loop stays in the thread, and asyncio.run wants it free."""
    items.sort(key=lambda item: "chromium" in getattr(item, "fixturenames", ()))


def become_the_app(connection: Any, **_: Any) -> None:
    if connection.alias != NO_DB_ALIAS:
        with connection.cursor() as cursor:
            cursor.execute(f'SET SESSION ROLE "{APP_ROLE}"')


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The owner made the tables; from here on every connection is the app role, which owns nothing.

    Tests may TRUNCATE, since that is how pytest-django empties tables after a test with real transactions.
    """
    if not APP_ROLE:
        yield
        return
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(f'GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO "{APP_ROLE}"')
        cursor.execute(MAY_EMPTY)
    connection_created.connect(become_the_app, dispatch_uid="tests")
    connections.close_all()
    yield
    connection_created.disconnect(become_the_app, dispatch_uid="tests")
    connections.close_all()


@pytest.fixture
def as_owner(db: None) -> Callable[[], AbstractContextManager[None]]:
    """`with as_owner():` is for what only a migration may do."""

    @contextmanager
    def owning() -> Iterator[None]:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
        try:
            yield
        finally:
            if APP_ROLE:
                become_the_app(connection)

    return owning


@pytest.fixture
def database_urls(transactional_db: None) -> dict[str, str]:
    """DATABASE_URL and DATABASE_OWNER_URL of the test database, for processes that a test starts."""
    found = connection.settings_dict
    host = quote(str(found["HOST"]), safe="")
    where = f"{host}:{found['PORT']}" if found["PORT"] else host
    owner = f"{found['USER']}:{found['PASSWORD']}" if found["PASSWORD"] else found["USER"]
    app = APP_ROLE or owner
    return {
        "DATABASE_URL": f"postgresql://{app}@{where}/{found['NAME']}",
        "DATABASE_OWNER_URL": f"postgresql://{owner}@{where}/{found['NAME']}",
    }


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless browser; the test is skipped where there is none."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium fonts-noto-cjk)")
    from playwright.sync_api import sync_playwright

    # Playwright's event loop lives in this thread, and Django would take our queries for asynchronous ones.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """`new_page(width=390)` is a fresh window without cookies, in Chinese."""
    contexts = []

    def opened(width: int = 1280, height: int = 844, **how: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": height}, locale="zh-CN", **how)
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def cluster(tmp_path: Any) -> Iterator[postgres.Cluster]:
    """A PostgreSQL of the test's own, to be killed at will."""
    started = postgres.start(tmp_path / "pg")
    yield started
    postgres.remove(tmp_path / "pg")


@pytest.fixture(autouse=True)
def _nobody_has_guessed_a_password_yet() -> None:
    """Wrong guesses are counted in the process, which outlives a test."""
    from django.core.cache import cache

    cache.clear()


@pytest.fixture
def cast(db: None) -> Any:
    """Everybody in their places (tests/cast.py)."""
    from tests.cast import assemble

    return assemble()
