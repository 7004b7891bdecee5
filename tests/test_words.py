"""What users read is Chinese: a string without it fails here. `make words` mends what is stale."""

from pathlib import Path

import pytest
from django.utils import translation

from scrm.management.commands import words


def test_every_string_has_its_chinese() -> None:
    assert words.faults() == []


@pytest.mark.parametrize(
    ("path", "app"),
    [
        ("stores/models/people.py", "stores"),
        ("templates/guides/codes.html", "guides"),
        ("scrm/dashboard/boards.py", "scrm/dashboard"),
        ("templates/dashboard/store.html", "scrm/dashboard"),
        ("templates/base.html", "scrm"),
        ("scrm/audit/models.py", "scrm"),
    ],
)
def test_a_string_stands_in_the_catalogue_of_its_app(path: str, app: str) -> None:
    assert words.owner(words.ROOT / path) == app


def test_strings_are_found_in_templates_and_python(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        '  <p>{% translate "Scan me" %}\n {% blocktranslate count n=n %}one{% plural %}many{% endblocktranslate %}'
    )
    module = tmp_path / "page.py"
    module.write_text('name = _("Scan"\n  " me")\nother = pgettext_lazy("till", "Scan")\n')
    assert dict(words.strings(page)) == {(None, "Scan me"): "Scan me", (None, "one"): ("one", "many")}
    assert [key for key, _said in words.strings(module)] == [(None, "Scan me"), ("till", "Scan")]


def test_two_translations_of_one_string_contradict() -> None:
    books = [words.Words(locale="zh_Hans"), words.Words(locale="zh_Hans")]
    for book, chinese in zip(books, ("活码", "代码"), strict=True):
        book.add("code", chinese)
    assert words.contradictions(books) == ["code"]
    assert words.contradictions([books[0], books[0]]) == []


def test_a_missing_or_fuzzy_string_is_untranslated() -> None:
    book = words.Words(locale="zh_Hans")
    book.add("missing")
    book.add("unsure", "大概", flags=["fuzzy"])
    book.add("sure", "确定")
    assert words.untranslated(book) == ["missing", "unsure"]


def test_the_look_of_the_admin_speaks_chinese() -> None:
    with translation.override("zh-hans"):
        assert translation.gettext("Reset filters") == "重置筛选"
