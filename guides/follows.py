"""What WeCom says of one relation, in one shape: the single read and the batch read tell it differently.

`externalcontact/get` has `tags` as objects with a type, `batch/get_by_user` bare `tag_id`s. No Django here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scrm.clock import from_unix

CORP_TAG = 1
LONGEST_STATE = 64


@dataclass(frozen=True, slots=True)
class Follow:
    """A guide's side of a relation."""

    userid: str  # in lower case, since WeCom takes both as the same
    created_at: datetime | None
    state: str
    tag_ids: tuple[str, ...]
    remark: str
    description: str
    company: str
    phones: tuple[str, ...]
    add_way: int


def of(said: Mapping[str, Any]) -> Follow:
    """A member of `follow_user`, or a `follow_info`. Raises KeyError, TypeError or ValueError for what is neither."""
    created, way = said.get("createtime"), said.get("add_way")
    return Follow(
        userid=str(said["userid"]).lower(),
        created_at=from_unix(created) if created else None,
        state=clean(said.get("state"))[:LONGEST_STATE],
        tag_ids=tag_ids(said),
        remark=clean(said.get("remark")),
        description=clean(said.get("description")),
        company=clean(said.get("remark_corp_name") or said.get("remark_company")),
        phones=tuple(phone for one in said.get("remark_mobiles") or () if (phone := clean(one))),
        add_way=way if isinstance(way, int) and 0 <= way < 32_768 else 0,
    )


def tag_ids(said: Mapping[str, Any]) -> tuple[str, ...]:
    """The corp tags in this relation; a guide's own tags have no id, and strategy tags are not the corp's."""
    if (bare := said.get("tag_id")) is not None:
        return tuple(str(tag) for tag in bare)
    tags = said.get("tags") or ()
    return tuple(str(tag["tag_id"]) for tag in tags if tag.get("type") == CORP_TAG and tag.get("tag_id"))


def clean(text: Any) -> str:
    """Text as PostgreSQL takes it."""
    return text.replace("\0", "") if isinstance(text, str) else ""
