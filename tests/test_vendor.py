"""Other people's files are the ones that vendor.toml names, and each comes with its licence."""

import runpy
from pathlib import Path

import pytest

VENDOR = Path(__file__).resolve().parent.parent / "scrm" / "static" / "vendor"
remake = runpy.run_path(str(VENDOR / "remake.py"))


def test_vendored_files_are_the_ones_we_looked_at() -> None:
    assert remake["wrong_files"]() == []


def test_nothing_else_lies_there() -> None:
    named = {remake["place_of"](package, file) for package in remake["packages"]() for file in package["files"]}
    ours = {VENDOR / "vendor.toml", VENDOR / "remake.py"}
    assert {found for found in VENDOR.rglob("*") if found.is_file() and found.suffix != ".pyc"} == named | ours


@pytest.mark.parametrize("package", remake["packages"](), ids=lambda package: package["name"])
def test_each_says_its_licence(package: dict) -> None:
    words = {"MIT": "MIT", "Apache-2.0": "Apache License"}[package["license"]]
    says = [file for file in remake["folder_of"](package).iterdir() if file.suffix in ("", ".json")]
    assert any(words in file.read_text() for file in says)
