"""What WeCom says of one relation, in one shape: the single read and the batch read tell it differently.

`externalcontact/get` has `tags` as objects with a type, `batch/get_by_user` bare `tag_id`s. Millions pass here, so it
is a tuple. No Django here.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from scrm.clock import from_unix

CORP_TAG = 1
LONGEST_STATE = 64
MOST_SECONDS = 253_402_300_799  # the year 9999


class Follow(NamedTuple):
    """A guide's side of a relation."""

    userid: str  # in lower case, since WeCom takes both as the same
    created: int  # Unix seconds; 0 where WeCom does not say
    state: str
    tag_ids: tuple[str, ...]
    remark: str
    description: str
    company: str
    phones: tuple[str, ...]
    add_way: int

    @property
    def created_at(self) -> datetime | None:
        return from_unix(self.created) if self.created else None


def of(said: Mapping[str, Any]) -> Follow:
    """A member of `follow_user`, or a `follow_info`. Raises KeyError, TypeError or ValueError for what is neither."""
    get = said.get
    created, way, phones = get("createtime") or 0, get("add_way"), get("remark_mobiles")
    remark, description = get("remark") or "", get("description") or ""
    company, state = get("remark_corp_name") or get("remark_company") or "", get("state") or ""
    if not (type(remark) is type(description) is type(company) is type(state) is str and type(created) is int):
        raise TypeError("a text or a time of another type")
    if not 0 <= created <= MOST_SECONDS:
        raise ValueError("createtime")
    return Follow(
        said["userid"].lower(),
        created,
        state.replace("\0", "")[:LONGEST_STATE] if state else "",
        tag_ids(said),
        remark,
        description,
        company,
        tuple(filter(None, phones)) if phones else (),
        way if type(way) is int and 0 <= way < 32_768 else 0,
    )


def tag_ids(said: Mapping[str, Any]) -> tuple[str, ...]:
    """The corp tags in this relation; a guide's own tags have no id, and strategy tags are not the corp's."""
    if (bare := said.get("tag_id")) is not None:
        return tuple(bare) if bare else ()
    tags = said.get("tags") or ()
    return tuple(tag["tag_id"] for tag in tags if tag.get("type") == CORP_TAG and tag.get("tag_id"))
