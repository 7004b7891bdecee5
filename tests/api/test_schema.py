"""The description of the API is whole, public, and needs nothing from elsewhere."""

import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    from scrm.rest.reference import openapi

    return openapi("en")


def test_the_document_is_valid_and_nothing_in_it_was_guessed() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=StringIO())


def test_everybody_may_read_it_as_json_and_as_yaml(client: Any) -> None:
    assert client.get("/api/schema/").json()["info"]["title"] == "Zhanggui API"
    assert client.get("/api/schema/?format=yaml").content.startswith(b"openapi:")
    assert client.get("/api/schema/", headers={"Authorization": "Token nonsense"}).status_code == 200


def test_it_names_every_resource_of_the_contract(document: dict[str, Any]) -> None:
    named = {path.split("/")[3] for path in document["paths"]}
    assert named >= {"token", "me", "stores", "people", "guides", "members", "relations", "codes", "facts"} | {
        *("letters", "tags", "groups"),
    }


def test_every_operation_tells_its_problems(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert {"400", "401"} <= set(operation["responses"]), (method, path)
            assert ("404" in operation["responses"]) == ("{" in path or "facts" in path), path


def test_writes_take_a_key_and_reads_do_not(document: dict[str, Any]) -> None:
    def takes(path: str, method: str) -> bool:
        told = document["paths"][path][method].get("parameters", [])
        return "Idempotency-Key" in {one["name"] for one in told}

    assert takes("/api/v1/codes/", "post") and takes("/api/v1/codes/{id}/", "delete")
    assert not takes("/api/v1/codes/", "get")


def test_the_page_for_people_names_every_operation_and_loads_nothing(client: Any, document: dict[str, Any]) -> None:
    page = client.get("/api/docs/")
    text = page.content.decode()
    assert all(f"<code>{path}</code>" in text for path in document["paths"])
    assert not re.search(r"<script|<link|@import|https?://(?!testserver)", text)
    assert "script-src 'self'" in page["Content-Security-Policy"]
