"""Every bad file has its declared answer, leaves nothing half-written, says nothing to the log; the next one works."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse

from members.models import Member
from scrm.imports.models import Import, ImportFile
from stores.models import Contract, Placement, Region, Store
from tests.cast import Cast, assemble
from tests.corpus import imports as corpus
from tests.corpus.imports import CANARY, Case
from tests.imports.conftest import came_to

CASES = list(corpus.cases())
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _small_limits(settings: Any) -> None:
    settings.IMPORT_ROWS, settings.IMPORT_BYTES = 600, 1_500_000


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: Any) -> Iterator[Cast]:
    """The cast for all cases; each undoes its doings."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield assemble()
        transaction.set_rollback(True)


def brought(client: Client, case: Case) -> Import:
    """The import of a file that somebody brings by the page; a large one is read by the worker."""
    from scrm import clock
    from scrm.imports import uploads

    file = SimpleUploadedFile("x", case.content)
    file._name = case.file_name  # type: ignore[attr-defined]  # as a browser may send it
    answer = client.post(reverse("imports:shelf"), {"kind": case.kind, "file": file})
    assert answer.status_code in (302, 400), case.name
    uploads.lane(clock.now())
    return Import.objects.latest("id")


def world() -> tuple[Any, ...]:
    models = (Store, Region, Placement, Contract, Member)
    return tuple(model.objects.count() for model in models), list(Store.objects.values_list("code", "name"))


def test_there_are_cases_enough_and_no_name_twice() -> None:
    assert len(CASES) >= 80 and len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_file_has_its_answer(stage: Cast, case: Case, caplog: Any, capsys: Any) -> None:
    client, before = Client(), world()
    client.force_login(stage.ada)
    if not case.content:  # the page itself refuses what holds nothing
        file = SimpleUploadedFile(case.file_name, b"")
        assert client.post(reverse("imports:shelf"), {"kind": case.kind, "file": file}).status_code in (302, 400)
    upload = brought(client, case) if case.content else Import(state="failed", problem={"code": "empty"})
    assert (upload.problem.get("code") if upload.state == "failed" else came_to(upload)) == case.answer
    assert world() == before
    assert not ImportFile.objects.exists()
    if upload.pk:
        _every_page_answers(client, upload)
    assert CANARY not in caplog.text + "".join(capsys.readouterr())
    good = brought(client, Case("good", corpus.PLAIN.encode(), ["created"]))
    assert came_to(good) == ["created"]
    if isinstance(case.answer, list):
        _what_was_shown_is_done_and_twice_is_once(client, case)


def _every_page_answers(client: Client, upload: Import) -> None:
    pages = [reverse("imports:upload", args=[upload.public_id]), reverse("imports:shelf")]
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200 and b"<script>alert" not in answer.content
        assert CANARY.encode() not in answer.content  # masked
    if upload.state == "previewed":
        for ending in ("xlsx", "csv"):
            page = reverse("imports:lines", args=[upload.public_id]) + f"?as={ending}"
            assert b"".join(client.get(page).streaming_content)  # type: ignore[attr-defined]


def _what_was_shown_is_done_and_twice_is_once(client: Client, case: Case) -> None:
    for outcomes in (case.answer, ["unchanged" if o in ("created", "updated") else o for o in case.answer]):
        upload = brought(client, case)
        client.post(reverse("imports:apply", args=[upload.public_id]))
        upload.refresh_from_db()
        assert (upload.state, came_to(upload)) == ("applied", outcomes)
