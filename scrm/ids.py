"""Public ids: opaque, random, the only ids that URLs and the API show."""

import secrets
from collections.abc import Collection, Iterable
from typing import Any

from django.db import models

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # no 0/o, 1/i/l: people read them aloud


def new_id(prefix: str = "", length: int = 16) -> str:
    """A random id of about 79 bits behind the prefix that tells what it names."""
    drawn, letters = int.from_bytes(secrets.token_bytes(length), "big"), []  # one draw: many rows are made at once
    for _ in range(length):
        drawn, n = divmod(drawn, len(ALPHABET))
        letters.append(ALPHABET[n])
    return prefix + "".join(letters)


def many_ids(prefix: str, count: int) -> list[str]:
    """As many random ids of 72 bits as many rows need, drawn at once."""
    drawn = secrets.token_hex(9 * count)
    return [prefix + drawn[start : start + 18] for start in range(0, len(drawn), 18)]


class PublicId(models.CharField):
    """A unique opaque id, made when the row is made."""

    def __init__(self, prefix: str = "", **kwargs: Any) -> None:
        self.prefix = prefix
        kwargs.update(max_length=24, unique=True, editable=False, default=self.make)
        super().__init__(**kwargs)

    def make(self) -> str:
        return new_id(self.prefix)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for key in ("max_length", "unique", "editable", "default"):
            kwargs.pop(key, None)
        return name, path, args, {**kwargs, "prefix": self.prefix}


def sql_id(prefix: str) -> str:
    """SQL that makes such an id, for rows that the database makes by itself."""
    return f"'{prefix}' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 18)"


def sql_array(ids: Iterable[int]) -> str:
    """Numbers as the text of an SQL array (`%s::bigint[]`); psycopg would look at each of a list in turn."""
    return "{" + ",".join(map(str, ids)) + "}"


def sql_texts(texts: Collection[str]) -> str:
    """Texts as the text of an SQL array (`%s::text[]`), for the same reason."""
    return '{"' + '","'.join([one.replace("\\", r"\\").replace('"', r"\"") for one in texts]) + '"}' if texts else "{}"
