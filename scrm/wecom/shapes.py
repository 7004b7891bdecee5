"""What an answer of WeCom's must look like for us to work with it. No Django here.

A shape is a type, a predicate, a list of one shape, or a dict of shapes; a name with "?" may be left out.
"""

import re
from collections.abc import Callable
from typing import Any

Shape = Any
MOST_SECONDS = 253_402_300_799  # the year 9999
ODD = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")  # a NUL, or half of a character that JSON writes in two halves
NOT_TEXT = re.compile("[\0\ud800-\udfff]")


def fits(said: Any, shape: Shape) -> bool:
    """Whether an answer, or a part of one, has this shape."""
    if isinstance(shape, type):
        return type(said) is shape
    if isinstance(shape, list):
        return type(said) is list and all(fits(one, shape[0]) for one in said)
    if isinstance(shape, dict):
        return type(said) is dict and all(_has(said, name, part) for name, part in shape.items())
    return bool(shape(said))


def _has(said: dict[str, Any], name: str, shape: Shape) -> bool:
    plain = name.removesuffix("?")
    return fits(said[plain], shape) if plain in said else plain != name


def maybe(shape: Shape) -> Callable[[Any], bool]:
    """This shape, or null."""
    return lambda said: said is None or fits(said, shape)


def seconds(said: Any) -> bool:
    """An instant as WeCom writes it."""
    return type(said) is int and 0 <= said <= MOST_SECONDS


def whole(said: Any) -> bool:
    """A number that a column can hold."""
    return type(said) is int and -(2**63) <= said < 2**63


def number(said: Any) -> bool:
    """An id of a department, which some proxies turn into text."""
    return (type(said) is int and 0 <= said < 2**63) or (type(said) is str and said.isdecimal() and len(said) < 19)


def readable(said: Any) -> Any:
    """The same with texts that a database can hold: without NULs and halves of characters."""
    if isinstance(said, str):
        return NOT_TEXT.sub("", said)
    if isinstance(said, list):
        return [readable(one) for one in said]
    if isinstance(said, dict):
        return {readable(name): readable(one) for name, one in said.items()}
    return said


_FOLLOW = {"userid": str, "createtime?": maybe(seconds), "tags?": maybe([dict]), "remark_mobiles?": maybe([str])}
_PERSON = {"userid": str, "name?": maybe(str), "department?": maybe([number]), "status?": maybe(whole)}
_TAG = {"id": str, "name": str, "order?": whole}
_GROUP = {"group_id": str, "group_name": str, "order?": whole, "tag?": [_TAG]}
_CURSOR = {"next_cursor?": maybe(str)}

# api -> what its answer must hold
EXPECTED: dict[str, dict[str, Shape]] = {
    "externalcontact/add_contact_way": {"config_id": str, "qr_code?": maybe(str)},
    "externalcontact/get_contact_way": {"contact_way": dict},
    "externalcontact/list_contact_way": {"contact_way": [{"config_id": str}], **_CURSOR},
    "externalcontact/get_follow_user_list": {"follow_user": [str]},
    "externalcontact/list": {"external_userid": [str]},
    "externalcontact/get": {"external_contact": dict, "follow_user": [_FOLLOW], **_CURSOR},
    # Millions of rows pass here; guides.follows looks at each.
    "externalcontact/batch/get_by_user": {"external_contact_list": [dict], **_CURSOR},
    "externalcontact/get_corp_tag_list": {"tag_group": [_GROUP]},
    "externalcontact/add_corp_tag": {"tag_group": dict},
    "externalcontact/get_user_behavior_data": {"behavior_data": [dict]},
    "externalcontact/groupchat/list": {"group_chat_list": [{"chat_id": str}], **_CURSOR},
    "externalcontact/groupchat/get": {
        "group_chat": {"name?": str, "owner?": str, "member_list?": maybe([dict]), "create_time?": seconds}
    },
    "user/list_id": {"dept_user": [{"userid": str, "department": number}], **_CURSOR},
    "user/list": {"userlist": [_PERSON]},
    "user/simplelist": {"userlist": [_PERSON]},
    "user/get": _PERSON,
    "department/list": {"department": [{"id": number, "parentid": number}]},
    "department/simplelist": {"department_id": [{"id": number, "parentid": number}]},
    "media/upload": {"media_id": str},
    "media/uploadimg": {"url": str},
    "media/upload_attachment": {"media_id": str},
}
