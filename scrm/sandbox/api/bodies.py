"""The tolerant request parser: a field of a wrong type is dropped, the call goes on, the errmsg tells (doc 90313)."""

import json
from dataclasses import dataclass, field
from typing import Any

WARNING = "Warning: wrong json format. "


@dataclass
class Body:
    """A JSON object; each reader gives a value of its type or the default, and notes what it had to drop."""

    data: dict[str, Any] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, raw: bytes) -> "Body":
        if not raw.strip():
            return cls()
        try:
            data = json.loads(raw)
        except ValueError:
            return cls({}, ["*"])
        return cls(data) if isinstance(data, dict) else cls({}, ["*"])

    def has(self, name: str) -> bool:
        return self.data.get(name) is not None

    def text(self, name: str, default: str = "") -> str:
        return self._read(name, str, default)

    def number(self, name: str, default: int | None = None) -> int | None:
        value = self._read(name, (int, float), default)
        if isinstance(value, bool):
            self.dropped.append(name)
            return default
        return None if value is None else int(value)

    def flag(self, name: str, default: bool) -> bool:
        return bool(self._read(name, (bool, int), default))

    def texts(self, name: str) -> list[str] | None:
        """The strings of a list, None when there is no list."""
        return self._items(name, str)

    def numbers(self, name: str) -> list[int] | None:
        return self._items(name, int)

    def part(self, name: str) -> "Body":
        return Body(self._read(name, dict, {}), self.dropped)

    def parts(self, name: str) -> "list[Body] | None":
        items = self._items(name, dict)
        return None if items is None else [Body(each, self.dropped) for each in items]

    def _items(self, name: str, kind: type) -> list[Any] | None:
        items = self._read(name, list, None)
        if items is None:
            return None
        good = [each for each in items if isinstance(each, kind) and not isinstance(each, bool)]
        if len(good) < len(items):
            self.dropped.append(name)
        return good

    def _read(self, name: str, kind: Any, default: Any) -> Any:
        value = self.data.get(name)
        if value is None:
            return default
        if not isinstance(value, kind):
            self.dropped.append(name)
            return default
        return value
