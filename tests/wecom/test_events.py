# ruff: noqa: E501
"""Every sample letter of WeCom's is read; what we have no word for is kept by name."""

from datetime import UTC, datetime

import pytest

from scrm.wecom import events
from scrm.wecom.envelope import Unreadable

AT = datetime.fromtimestamp(1403610513, UTC)
HEAD = "<xml><ToUserName><![CDATA[toUser]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName><CreateTime>1403610513</CreateTime><MsgType><![CDATA[event]]></MsgType>"
PAIR = (
    "<UserID><![CDATA[zhangsan]]></UserID><ExternalUserID><![CDATA[woAJ2GCAAAXtWyujaWJHDDGi0mAAAA]]></ExternalUserID>"
)
IDS = ("zhangsan", "woAJ2GCAAAXtWyujaWJHDDGi0mAAAA")


def letter(event: str, change: str, rest: str = "") -> bytes:
    kind = f"<Event><![CDATA[{event}]]></Event>" + (f"<ChangeType>{change}</ChangeType>" if change else "")
    return (HEAD + kind + rest + "</xml>").encode()


def contact(change: str, rest: str = "") -> bytes:
    return letter("change_external_contact", change, PAIR + rest)


STATE, CODE = "<State><![CDATA[teststate]]></State>", "<WelcomeCode><![CDATA[WELCOMECODE]]></WelcomeCode>"
CODES = STATE + CODE
CHAT = "<ChatId><![CDATA[wrOgQhDgAAMYQiS5ol9G7gK9JVAAAA]]></ChatId>"
JOINED = (
    CHAT + "<UpdateDetail><![CDATA[add_member]]></UpdateDetail><JoinScene>1</JoinScene><QuitScene>0</QuitScene>"
    "<MemChangeCnt>2</MemChangeCnt><MemChangeList><Item><![CDATA[wmA]]></Item><Item><![CDATA[wmB]]></Item></MemChangeList>"
    "<LastMemVer><![CDATA[9c3f]]></LastMemVer><CurMemVer><![CDATA[7121]]></CurMemVer>"
)
RENAMED = (
    CHAT + "<UpdateDetail><![CDATA[change_name]]></UpdateDetail><JoinScene>0</JoinScene><MemChangeCnt>2</MemChangeCnt>"
    "<LastMemVer><![CDATA[6ebe]]></LastMemVer><CurMemVer><![CDATA[1572]]></CurMemVer>"
)
LONG_PERSON = (
    "<UserID><![CDATA[zhangsan]]></UserID><Name><![CDATA[张三]]></Name><Department><![CDATA[1,2,3]]></Department>"
    "<MainDepartment>1</MainDepartment><Status>1</Status><ExtAttr><Item><Name><![CDATA[爱好]]></Name><Type>0</Type>"
    "<Text><Value><![CDATA[旅游]]></Value></Text></Item><Item><Name><![CDATA[卡号]]></Name></Item></ExtAttr>"
)
TAGGED = (
    "<TagId>1</TagId><AddUserItems><![CDATA[zhangsan,lisi]]></AddUserItems><DelUserItems><![CDATA[zhangsan1,lisi1]]></DelUserItems>"
    "<AddPartyItems><![CDATA[1,2]]></AddPartyItems><DelPartyItems><![CDATA[3,4]]></DelPartyItems>"
)
CHAT_ID = "wrOgQhDgAAMYQiS5ol9G7gK9JVAAAA"

SAMPLES: list[tuple[bytes, events.Event]] = [
    (contact("add_external_contact", CODES), events.ContactAdded(*IDS, "teststate", "WELCOMECODE", AT)),
    (contact("add_external_contact"), events.ContactAdded(*IDS, "", "", AT)),
    (contact("add_half_external_contact", CODES), events.ContactHalfAdded(*IDS, "teststate", "WELCOMECODE", AT)),
    (contact("edit_external_contact", STATE), events.ContactEdited(*IDS, "teststate", AT)),
    (contact("edit_external_contact"), events.ContactEdited(*IDS, "", AT)),
    (contact("del_external_contact", "<Source><![CDATA[DELETE_BY_TRANSFER]]></Source>"), events.GuideDeletedContact(*IDS, True, AT)),
    (contact("del_external_contact"), events.GuideDeletedContact(*IDS, False, AT)),
    (contact("del_external_contact", "<Source></Source>"), events.GuideDeletedContact(*IDS, False, AT)),
    (contact("del_follow_user"), events.CustomerDeletedGuide(*IDS, "", AT)),
    (contact("del_follow_user", "<State><![CDATA[YVb-8]]></State>"), events.CustomerDeletedGuide(*IDS, "YVb-8", AT)),
    (contact("transfer_fail", "<FailReason>customer_refused</FailReason>"), events.TransferFailed(*IDS, "customer_refused", AT)),
    (contact("msg_audit_approved", CODE), events.ArchiveApproved(*IDS, "WELCOMECODE", AT)),
    (letter("change_external_chat", "create", CHAT), events.ChatCreated(CHAT_ID, AT)),
    (letter("change_external_chat", "update", JOINED), events.ChatUpdated(CHAT_ID, "add_member", 1, 0, ("wmA", "wmB"), "9c3f", "7121", AT)),
    (letter("change_external_chat", "update", RENAMED), events.ChatUpdated(CHAT_ID, "change_name", 0, None, (), "6ebe", "1572", AT)),
    (letter("change_external_chat", "dismiss", CHAT), events.ChatDismissed(CHAT_ID, AT)),
    (letter("change_external_tag", "create", "<Id>et1</Id><TagType>tag</TagType><StrategyId>1</StrategyId>"), events.TagCreated("et1", "tag", AT)),
    (letter("change_external_tag", "update", "<Id>et1</Id><TagType>tag_group</TagType>"), events.TagUpdated("et1", "tag_group", AT)),
    (letter("change_external_tag", "delete", "<Id>et1</Id><TagType>tag</TagType>"), events.TagDeleted("et1", "tag", AT)),
    (letter("change_external_tag", "shuffle", "<Id>et1</Id>"), events.TagsShuffled("et1", AT)),
    (letter("change_external_tag", "shuffle"), events.TagsShuffled(None, AT)),
    (letter("change_contact", "create_user", LONG_PERSON), events.PersonCreated("zhangsan", (1, 2, 3), "张三", 1, AT)),
    (letter("change_contact", "create_user", "<UserID>lisi</UserID><Department>1,2</Department>"), events.PersonCreated("lisi", (1, 2), None, None, AT)),
    (letter("change_contact", "update_user", "<UserID>a</UserID><NewUserID>b</NewUserID>"), events.PersonUpdated("a", None, None, None, AT, "b")),
    (letter("change_contact", "delete_user", "<UserID>a</UserID>"), events.PersonDeleted("a", AT)),
    (letter("change_contact", "create_party", "<Id>2</Id><Name>张三</Name><ParentId><![CDATA[1]]></ParentId><Order>1</Order>"), events.DepartmentCreated(2, "张三", 1, AT)),
    (letter("change_contact", "update_party", "<Id>2</Id><ParentId>1</ParentId>"), events.DepartmentUpdated(2, None, 1, AT)),
    (letter("change_contact", "delete_party", "<Id>2</Id>"), events.DepartmentDeleted(2, AT)),
    (letter("change_contact", "update_tag", TAGGED), events.DirectoryTagUpdated(1, ("zhangsan", "lisi"), ("zhangsan1", "lisi1"), (1, 2), (3, 4), AT)),
    (letter("customer_acquisition", "del_follow_user", PAIR), events.UnknownEvent("customer_acquisition", "del_follow_user", AT)),
    (letter("kf_msg_or_event", "", "<Token>t</Token>"), events.UnknownEvent("kf_msg_or_event", "", AT)),
    (letter("change_external_contact", "a_change_of_tomorrow", PAIR), events.UnknownEvent("change_external_contact", "a_change_of_tomorrow", AT)),
    (HEAD.replace("event", "text").encode() + b"<Content><![CDATA[hi <b>]]></Content></xml>", events.UnknownEvent("text", "", AT)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("xml", "event"), SAMPLES, ids=lambda v: type(v).__name__ if isinstance(v, events.Event) else ""
)
def test_a_sample_is_read(xml: bytes, event: events.Event) -> None:
    assert events.parse(xml) == event


USUAL = [(xml, event) for xml, event in SAMPLES if xml.startswith(HEAD.encode())]


@pytest.mark.parametrize(("xml", "event"), USUAL, ids=lambda v: type(v).__name__ if isinstance(v, events.Event) else "")
def test_order_and_unknown_fields_do_not_matter(xml: bytes, event: events.Event) -> None:
    middle = xml[len(HEAD) : -len("</xml>")]
    turned = b"<xml>" + middle + b"<NewIn2030><A>1</A><A>2</A></NewIn2030>" + HEAD.encode()[5:] + b"</xml>"
    assert events.parse(turned) == event


@pytest.mark.parametrize("missing", ["UserID", "ExternalUserID"])
def test_a_letter_without_what_its_kind_must_have_is_unreadable(missing: str) -> None:
    with pytest.raises(Unreadable):
        events.parse(contact("add_external_contact").replace(missing.encode() + b">", b"X>"))


@pytest.mark.parametrize("time", ["", "abc", "-1", "0", "9" * 18, "9" * 30, "１４０３６１０５１３", "1.5"])
def test_a_letter_without_a_sane_time_is_unreadable(time: str) -> None:
    with pytest.raises(Unreadable):
        events.parse(contact("add_external_contact").replace(b"1403610513", time.encode()))


def test_departments_that_are_no_numbers_are_unreadable() -> None:
    with pytest.raises(Unreadable):
        events.parse(letter("change_contact", "create_user", "<UserID>a</UserID><Department>1;2</Department>"))


def test_the_envelope_of_a_suite_is_read_too() -> None:
    xml = f"<xml><SuiteId>s</SuiteId><AuthCorpId>c</AuthCorpId><InfoType>change_external_contact</InfoType><TimeStamp>1403610513</TimeStamp><ChangeType>del_follow_user</ChangeType>{PAIR}</xml>"
    assert events.parse(xml.encode()) == events.CustomerDeletedGuide(*IDS, "", AT)
