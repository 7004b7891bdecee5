"""What users read: every English string of ours and of the admin's look, with its Chinese.

`manage.py words` brings each catalogue up to date (`<app>/locale/zh_Hans/LC_MESSAGES/django.po` and `.mo`);
`--check` says what is missing. Babel reads and writes the files, so no gettext is needed on the machine.
"""

import gettext
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import django
import unfold
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation.template import templatize

ROOT: Path = settings.BASE_DIR
LOCALE = "zh_Hans"
BUILDING = "scrm"  # the catalogue of what belongs to no app
APPS = ("stores", "members", "guides", "campaigns", "scrm/dashboard", "scrm/imports", "scrm/wecom", BUILDING)
UNFOLD = Path(unfold.__file__).parent
# What unfold says inside an f-string, into which the tokenizer looks only from Python 3.12 on.
UNFOLD_SAYS_ASIDE = ("Welcome",)
# The look's parts for packages that we do not use.
NOT_OURS = {
    f"contrib/{part}" for part in ("constance", "guardian", "import_export", "location_field", "simple_history")
}
LAZY = {f"{name}_lazy": spec for name, spec in DEFAULT_KEYWORDS.items()}
KEYWORDS = {**DEFAULT_KEYWORDS, **LAZY}
HEADERS = [
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Transfer-Encoding", "8bit"),
    ("Language", LOCALE),
    ("Plural-Forms", "nplurals=1; plural=0;"),
]
Key = tuple[str | None, str]  # context and singular
Text = str | tuple[str, ...]


class Words(Catalog):
    """A catalogue whose header carries neither dates nor versions, so that the same words make the same file."""

    mime_headers = HEADERS  # type: ignore[assignment]


def catalogue(app: str) -> Path:
    return ROOT / app / "locale" / LOCALE / "LC_MESSAGES" / "django.po"


def owner(path: Path) -> str:
    """The app in whose catalogue a file's strings stand."""
    place = path.relative_to(ROOT)
    parts = place.parts[1:] if place.parts[0] == "templates" else place.parts
    for app in APPS:
        wanted = Path(app).parts if place.parts[0] != "templates" else Path(app).parts[-1:]
        if app != BUILDING and parts[: len(wanted)] == wanted:
            return app
    return BUILDING


def sources() -> Iterator[tuple[str, Path]]:
    """Every file that may hold strings, with the app that owns it."""
    for top in ("scrm", "stores", "members", "guides", "campaigns", "templates"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in {".py", ".html", ".txt"} and not {"migrations", "static", "locale"} & set(path.parts):
                yield owner(path), path
    for path in sorted(UNFOLD.rglob("*")):
        if path.suffix in {".py", ".html"} and "/".join(path.relative_to(UNFOLD).parts[:2]) not in NOT_OURS:
            yield BUILDING, path


def strings(path: Path) -> Iterator[tuple[Key, Text]]:
    """The strings that a file asks to have translated: (context, singular), and singular or (singular, plural)."""
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        text = "\n".join(line.strip() for line in templatize(text, origin=str(path)).splitlines())
    for _line, said, _comments, context in extract("python", io.BytesIO(text.encode()), keywords=KEYWORDS):
        singular = said if isinstance(said, str) else said[0]
        if singular:
            yield (context, singular), said


def gather() -> dict[str, dict[Key, Text]]:
    """The strings by catalogue, without those for which Django brings the Chinese."""
    known = django_has()
    found: dict[str, dict[Key, Text]] = {app: {} for app in APPS}
    found[BUILDING] = {(None, word): word for word in UNFOLD_SAYS_ASIDE}
    for app, path in sources():
        for key, said in strings(path):
            if not (UNFOLD in path.parents and key in known):
                plain = found[app].get(key, said)
                found[app][key] = said if isinstance(plain, str) else plain
    return found


def django_has() -> set[Key]:
    """What Django itself says in Chinese, in its admin and elsewhere."""
    home, known = Path(django.__file__).parent, set()
    for part in ("conf", "contrib/admin", "contrib/auth"):
        with (home / part / "locale" / LOCALE / "LC_MESSAGES" / "django.mo").open("rb") as file:
            for said in gettext.GNUTranslations(file)._catalog:  # type: ignore[attr-defined]
                context, _sep, text = (said[0] if isinstance(said, tuple) else said).rpartition("\x04")
                known.add((context or None, text))
    return known


def memory() -> dict[str, dict[Key, Message]]:
    """What the catalogues hold now."""
    return {app: dict(_messages(catalogue(app))) for app in APPS}


def _messages(path: Path) -> Iterator[tuple[Key, Message]]:
    if path.exists():
        with path.open("rb") as file:
            for message in read_po(file, locale=LOCALE):
                if message.id:
                    yield (message.context, _singular(message.id)), message


def _singular(said: Any) -> str:
    return said if isinstance(said, str) else said[0]


def renewed() -> dict[str, Words]:
    """Each catalogue as it should be: today's strings with the Chinese that any catalogue has for them."""
    then, books = memory(), {}
    for app, found in gather().items():
        book = Words(locale=LOCALE, charset="utf-8")
        for key, said in found.items():
            old = next((then[place][key] for place in (app, *APPS) if key in then[place]), None)
            chinese = _shaped(said, old.string) if old else None
            book.add(said, chinese, flags=[*(old.flags if old else ())], context=key[0])
        books[app] = book
    return books


def _shaped(said: Text, chinese: Any) -> Any:
    """Chinese has one plural form: a list of one where the English has two, plain text where it has one."""
    text = chinese if isinstance(chinese, str) else (chinese or [""])[0]
    return text if isinstance(said, str) else (text,)


def po(book: Words) -> bytes:
    file = io.BytesIO()
    write_po(file, book, width=120, no_location=True, omit_header=True, sort_output=True)
    header = "".join(f'"{name}: {value}\\n"\n' for name, value in HEADERS)
    return f'msgid ""\nmsgstr ""\n{header}\n'.encode() + file.getvalue().lstrip()


def mo(book: Words) -> bytes:
    file = io.BytesIO()
    write_mo(file, book)
    return file.getvalue()


def untranslated(book: Words) -> list[str]:
    return [_singular(m.id) for m in book if m.id and (m.fuzzy or not _shaped("", m.string).strip())]


def contradictions(books: Iterable[Words]) -> list[str]:
    """Strings that two catalogues say differently: Django would take one of the two, anywhere."""
    seen: dict[Key, set[str]] = {}
    for book in books:
        for message in book:
            if message.id:
                seen.setdefault((message.context, _singular(message.id)), set()).add(_shaped("", message.string))
    return [key[1] for key, said in seen.items() if len(said - {""}) > 1]


def faults() -> list[str]:
    """What keeps the catalogues from being complete, one line each."""
    books = renewed()
    said = [f"{app}: no Chinese for {text!r}" for app, book in books.items() for text in untranslated(book)]
    said += [f"said in two ways: {text!r}" for text in contradictions(books.values())]
    for app, book in books.items():
        for path, wanted in ((catalogue(app), po(book)), (catalogue(app).with_suffix(".mo"), mo(book))):
            if not path.exists() or path.read_bytes() != wanted:
                said.append(f"{path.relative_to(ROOT)} is stale; run `make words`")
    return said


class Command(BaseCommand):
    help = "Brings the Chinese catalogues up to date; --check only says what is missing"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, **options: Any) -> None:
        if options["check"]:
            if found := faults():
                raise CommandError("\n".join(found))
            return
        for app, book in renewed().items():
            catalogue(app).parent.mkdir(parents=True, exist_ok=True)
            catalogue(app).write_bytes(po(book))
            catalogue(app).with_suffix(".mo").write_bytes(mo(book))
            missing = untranslated(book)
            self.stdout.write(f"{app}: {len(book)} strings, {len(missing)} without Chinese {missing[:5] or ''}")
