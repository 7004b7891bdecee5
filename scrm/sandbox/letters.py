"""The XML of callbacks, one function for each family of events (callbacks.md 2; docs 92130, 90970)."""

from collections.abc import Iterable

from scrm.sandbox.nouns import Relation
from scrm.sandbox.world import Corp

Fields = Iterable[tuple[str, "str | int | list[str] | None"]]


def letter(corp_id: str, at: int, event: str, fields: Fields) -> str:
    """One line of XML as WeCom sends it; a field that is None is no element at all."""
    head: Fields = [
        ("ToUserName", corp_id),
        ("FromUserName", "sys"),
        ("CreateTime", at),
        ("MsgType", "event"),
        ("Event", event),
    ]
    return "<xml>" + "".join(_element(*each) for each in (*head, *fields) if each[1] is not None) + "</xml>"


def contact(corp: Corp, at: int, change: str, relation: Relation, **extra: str | None) -> str:
    """change_external_contact; `extra` holds State, WelcomeCode, Source, FailReason as the change has them."""
    known = [("ChangeType", change), ("UserID", relation.userid), ("ExternalUserID", relation.external_userid)]
    return letter(corp.corp_id, at, "change_external_contact", [*known, *extra.items()])


def chat(corp: Corp, at: int, change: str, chat_id: str, fields: Fields = ()) -> str:
    """change_external_chat; ChatId comes before ChangeType."""
    return letter(corp.corp_id, at, "change_external_chat", [("ChatId", chat_id), ("ChangeType", change), *fields])


def tag(corp: Corp, at: int, change: str, tag_id: str | None, tag_type: str | None) -> str:
    """change_external_tag: the library of corp tags; shuffle has no TagType."""
    fields = [("Id", tag_id), ("TagType", tag_type), ("ChangeType", change)]
    return letter(corp.corp_id, at, "change_external_tag", fields)


def directory(corp: Corp, at: int, change: str, fields: Fields) -> str:
    """change_contact: members, departments and member tags."""
    return letter(corp.corp_id, at, "change_contact", [("ChangeType", change), *fields])


def envelope(corp_id: str, agent_id: str, encrypted: str) -> str:
    """The outer XML of a sealed letter."""
    return (
        f"<xml><ToUserName><![CDATA[{corp_id}]]></ToUserName><AgentID><![CDATA[{agent_id}]]></AgentID>"
        f"<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    )


def _element(name: str, value: "str | int | list[str] | None") -> str:
    if isinstance(value, list):
        return f"<{name}>" + "".join(_element("Item", each) for each in value) + f"</{name}>"
    if isinstance(value, int):
        return f"<{name}>{value}</{name}>"
    text = (value or "").replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}><![CDATA[{text}]]></{name}>"
