"""docs/failure-modes.md names every failure of callbacks and calls, and only tests that are there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "failure-modes.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))
FAILURES = re.split(r"^\*\*(?=F\d\d)", PAGE, flags=re.M)[1:]
NUMBERS = [f"F{n:02}" for n in range(1, 35)]


def named_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_failure_stands_there_in_order() -> None:
    assert [text[:3] for text in FAILURES][: len(NUMBERS)] == NUMBERS


@pytest.mark.parametrize("text", FAILURES, ids=lambda text: text[:3])
def test_each_failure_has_a_test(text: str) -> None:
    assert re.search(r"`tests/[\w/]+\.py::test_\w+`", text)


@pytest.mark.parametrize(("path", "name"), NAMED, ids=lambda word: str(word))
def test_each_test_that_is_named_is_there(path: str, name: str) -> None:
    assert name in named_in(path)


def test_tests_of_failures_say_which_one_they_show() -> None:
    """The name and the docstring of a test here begin with the number of its failure."""
    for path in sorted((ROOT / "tests" / "failures").glob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and (number := re.match(r"test_(f\d\d)_", node.name)):
                assert (ast.get_docstring(node) or "").startswith(number[1].upper()), (path.name, node.name)
