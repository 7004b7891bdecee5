"""What a sync brings in first: the roster, the tag library, the customers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from guides import customers, roster, sweeps
from guides.models import Guide, Sync, SyncChunk
from members import libraries
from scrm.wecom.client import client_for

A_CHUNK = 100  # departments or guides; also the most guides that one call of WeCom's takes


def _in_chunks(rows: Sequence[Any]) -> list[Sequence[Any]]:
    return [rows[start : start + A_CHUNK] for start in range(0, len(rows), A_CHUNK)]


class Roster:
    """Departments, then their people, then who may serve customers; worked in together at the end."""

    name = "roster"

    def plan(self, sync: Sync, at: datetime) -> list[dict[str, Any]]:
        tree = client_for(sync.corp).directory.departments()
        return [{"followers": True}, *({"departments": some} for some in _in_chunks(roster.outline(tree)))]

    def read(self, chunk: SyncChunk, at: datetime) -> Mapping[str, int]:
        return roster.read_chunk(chunk)

    def finish(self, sync: Sync, at: datetime) -> Mapping[str, Any]:
        return roster.conclude(sync, at=at)


class Tags:
    """The library of corp tags, which is one call."""

    name = "tags"

    def plan(self, sync: Sync, at: datetime) -> list[dict[str, Any]]:
        return [{}]

    def read(self, chunk: SyncChunk, at: datetime) -> Mapping[str, int]:
        return {"calls": 1, **libraries.take_in(chunk.sync.corp, at=at)}

    def finish(self, sync: Sync, at: datetime) -> None:
        return None


class Customers:
    """The customers of each guide with all that WeCom says of the two; then what was listed no longer ends."""

    name = "customers"

    def plan(self, sync: Sync, at: datetime) -> list[dict[str, Any]]:
        able = Guide.objects.filter(corp=sync.corp_id, can_contact=True).exclude(status=Guide.Status.LEFT)
        return [
            {"guides": list(some)} for some in _in_chunks(list(able.order_by("pk").values_list("userid", flat=True)))
        ]

    def read(self, chunk: SyncChunk, at: datetime) -> Mapping[str, int]:
        return customers.read_chunk(chunk, at=at)

    def finish(self, sync: Sync, at: datetime) -> Mapping[str, Any]:
        return sweeps.conclude(sync, at=at)
