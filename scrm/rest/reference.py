"""The API's description, for machines (OpenAPI) and for people (a page that needs nothing from elsewhere)."""

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiJsonRenderer2, OpenApiYamlRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

METHODS = ("get", "post", "put", "patch", "delete")


@lru_cache(maxsize=4)
def openapi(language: str) -> dict[str, Any]:
    """The OpenAPI document in the language that is active."""
    said: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return said


class Document(APIView):
    """The OpenAPI document: JSON, or YAML for who asks for it."""

    authentication_classes = ()
    permission_classes = ()
    renderer_classes = [OpenApiJsonRenderer, OpenApiJsonRenderer2, OpenApiYamlRenderer]
    schema = None

    def get(self, request: Request) -> Response:
        return Response(openapi(get_language() or ""))


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The same description to read."""
    said = openapi(get_language() or "")
    shelves: dict[str, list[Any]] = defaultdict(list)
    for operation in operations(said):
        shelves[operation["tag"]].append(operation)
    return render(request, "rest/reference.html", {"info": said["info"], "shelves": dict(shelves)})


def operations(said: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each operation with its parameters and the fields of its body and of its answer."""
    for path, item in said["paths"].items():
        for method, found in ((method, item[method]) for method in METHODS if method in item):
            yield {
                "id": found["operationId"],
                "tag": found["tags"][0],
                "method": method.upper(),
                "path": path,
                "says": found.get("description", ""),
                "parameters": [_parameter(said, one) for one in found.get("parameters", [])],
                "asks": _fields(said, found.get("requestBody", {})),
                "answers": [_answer(said, status, body) for status, body in found["responses"].items()],
            }


def _parameter(said: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "kind": _kind(one["schema"]), "choices": _choices(said, one["schema"])}


def _answer(said: dict[str, Any], status: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"status": status, "fields": _fields(said, body) if status.startswith("2") else []}


def _fields(said: dict[str, Any], body: dict[str, Any]) -> list[dict[str, Any]]:
    for media in body.get("content", {}).values():
        schema = _rows(said, media.get("schema", {}))
        needed = schema.get("required", [])
        return [
            {
                "name": name,
                "kind": _kind(_followed(said, field)),
                "required": name in needed,
                "choices": _choices(said, field),
                "says": field.get("description", ""),
            }
            for name, field in schema.get("properties", {}).items()
        ]
    return []


def _rows(said: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a row: of a list's `results`, or of the thing itself."""
    schema = _followed(said, schema)
    results = schema.get("properties", {}).get("results")
    return _followed(said, results["items"]) if results else schema


def _followed(said: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    for part in (schema, *schema.get("allOf", []), *schema.get("oneOf", [])):
        if "$ref" in part:
            found: dict[str, Any] = said["components"]["schemas"][part["$ref"].rsplit("/", 1)[1]]
            return found
    return schema


def _kind(schema: dict[str, Any]) -> str:
    if schema.get("type") == "array":
        return f"[{_kind(schema.get('items', {}))}]"
    return str(schema.get("format") or schema.get("type") or "object")


def _choices(said: dict[str, Any], schema: dict[str, Any]) -> list[Any]:
    return [
        choice for choice in _followed(said, schema.get("items", schema)).get("enum", []) if choice not in ("", None)
    ]
