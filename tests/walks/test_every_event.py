"""Each event of WeCom's contact, chat, tag and directory families: once, twice, late, and in every order of four."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from guides.models import GroupChat, Guide, Ownership, Posting, Relation, Roster
from members.models import Identity, TagLibrary
from scrm.wecom import front, inbox, receivers
from scrm.wecom.models import Letter, Receiver
from stores.models import Seat
from tests.cast import MEI, NOW, Cast
from tests.corpus.callback_seal import Sender

pytestmark = pytest.mark.django_db
CHAT = "wrChatChatChatChatChatChatChatCh"
MEMBERS = f"<MemChangeCnt>1</MemChangeCnt><MemChangeList><Item>{MEI}</Item></MemChangeList>"
JOIN = "<UpdateDetail>add_member</UpdateDetail><JoinScene>3</JoinScene>" + MEMBERS
QUIT = "<UpdateDetail>del_member</UpdateDetail><QuitScene>0</QuitScene>" + MEMBERS
VERSIONS = "<LastMemVer>aa</LastMemVer><CurMemVer>bb</CurMemVer>"
PAIR = f"<UserID><![CDATA[cai]]></UserID><ExternalUserID><![CDATA[{MEI}]]></ExternalUserID>"
OF_CHAT = f"<ChatId><![CDATA[{CHAT}]]></ChatId>"
EVENTS = {
    "add": ("change_external_contact", "add_external_contact", PAIR + "<WelcomeCode>code</WelcomeCode>"),
    "half": ("change_external_contact", "add_half_external_contact", PAIR),
    "edit": ("change_external_contact", "edit_external_contact", PAIR),
    "dropped": ("change_external_contact", "del_external_contact", PAIR),
    "moved": ("change_external_contact", "del_external_contact", PAIR + "<Source>DELETE_BY_TRANSFER</Source>"),
    "lost": ("change_external_contact", "del_follow_user", PAIR),
    "transfer failed": ("change_external_contact", "transfer_fail", PAIR + "<FailReason>customer_refused</FailReason>"),
    "archive": ("change_external_contact", "msg_audit_approved", PAIR + "<WelcomeCode>code</WelcomeCode>"),
    "chat made": ("change_external_chat", "create", OF_CHAT),
    "joined": ("change_external_chat", "update", OF_CHAT + JOIN + VERSIONS),
    "quit": ("change_external_chat", "update", OF_CHAT + QUIT + VERSIONS),
    "renamed": ("change_external_chat", "update", OF_CHAT + "<UpdateDetail>change_name</UpdateDetail>" + VERSIONS),
    "dismissed": ("change_external_chat", "dismiss", OF_CHAT),
    "tag made": ("change_external_tag", "create", "<Id>et1</Id><TagType>tag</TagType>"),
    "tag changed": ("change_external_tag", "update", "<Id>et1</Id><TagType>tag</TagType>"),
    "tag deleted": ("change_external_tag", "delete", "<Id>et1</Id><TagType>tag_group</TagType>"),
    "tags shuffled": ("change_external_tag", "shuffle", "<Id>et1</Id>"),
    "hired": ("change_contact", "create_user", "<UserID>hua</UserID><Department>1,2</Department>"),
    "changed": ("change_contact", "update_user", "<UserID>dong</UserID><NewUserID>dong2</NewUserID>"),
    "left": ("change_contact", "delete_user", "<UserID>cai</UserID>"),
    "party made": ("change_contact", "create_party", "<Id>9</Id><ParentId>1</ParentId>"),
    "party changed": ("change_contact", "update_party", "<Id>9</Id><ParentId>2</ParentId>"),
    "party deleted": ("change_contact", "delete_party", "<Id>9</Id>"),
    "directory tag": ("change_contact", "update_tag", "<TagId>1</TagId><AddUserItems>cai</AddUserItems>"),
}  # fmt: skip
FAMILIES = [
    ("add", "lost", "half", "dropped"),
    ("add", "edit", "moved", "archive"),
    ("chat made", "joined", "quit", "dismissed"),
    ("joined", "renamed", "quit", "chat made"),
    ("tag made", "tag changed", "tag deleted", "tags shuffled"),
    ("hired", "changed", "left", "party made"),
    ("party made", "party changed", "party deleted", "directory tag"),
    ("add", "left", "lost", "transfer failed"),
]

Deliver = Callable[..., None]


@pytest.fixture
def deliver(cast: Cast) -> Deliver:
    """`deliver("add", at=…)` brings a letter through the real door and has it applied."""
    sender = Sender(receiveid=cast.corp.corp_id)
    Receiver.objects.filter(pk=cast.receiver.pk).update(token=sender.token, aes_key=sender.aes_key)

    def bring(*names: str, at: Sequence[datetime]) -> None:
        for name, when in zip(names, at, strict=True):
            query, body = sender.post(letter(cast.corp.corp_id, name, when))
            book = receivers.Book(front.load_through_django)
            said = front.answer("POST", "/wecom/callback/cast/", query.encode(), lambda body=body: body,
                                book=book, put=front.put_through_django, at=NOW)  # fmt: skip
            assert said.body == b"success"
        inbox.hand_on(NOW + timedelta(hours=1))
        assert not Letter.objects.exclude(state="applied")

    return bring


def letter(corp_id: str, name: str, at: datetime) -> bytes:
    event, change, fields = EVENTS[name]
    return (
        f"<xml><ToUserName><![CDATA[{corp_id}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>"
        f"<CreateTime>{int(at.timestamp())}</CreateTime><MsgType><![CDATA[event]]></MsgType>"
        f"<Event><![CDATA[{event}]]></Event><ChangeType><![CDATA[{change}]]></ChangeType>{fields}</xml>"
    ).encode()


def state() -> dict[str, Any]:
    """All that an event may have changed, but for when we did it."""
    relation = ("guide__userid", "state", "epoch", "opened_at", "added_at", "ended_at", "guide_side", "customer_side")
    return {
        "relations": list(Relation.objects.order_by("guide", "epoch").values_list(*relation, "by_transfer")),
        "owners": sorted(Ownership.objects.values_list("guide__userid", "starts_at", "ends_at"), key=str),
        "people": list(Identity.objects.values_list("value", flat=True)),
        "to read": Identity.objects.filter(read_due_at__isnull=False).count(),
        "chats": list(GroupChat.objects.values_list("chat_id", "changed_at", "dismissed_at")),
        "guides": sorted(Guide.objects.values_list("userid", "status")),
        "postings": Posting.objects.filter(ends_at=None).count(),
        "seats": Seat.objects.filter(ends_at=None).count(),
        "people to read": sorted(Guide.objects.filter(read_due_at__isnull=False).values_list("userid", flat=True)),
        "rosters": Roster.objects.filter(read_due_at__isnull=False).count(),
        "libraries": TagLibrary.objects.filter(read_due_at__isnull=False).count(),
    }


@pytest.mark.parametrize("name", EVENTS)
def test_twice_is_once(deliver: Deliver, cast: Cast, name: str) -> None:
    cast.add(MEI, "cai", at=NOW - timedelta(days=1))
    Identity.objects.update(read_due_at=None)
    before = state()
    deliver(name, at=[NOW])
    once = state()
    deliver(name, at=[NOW])
    assert state() == once
    assert once != before or name == "directory tag"  # of which nobody needs to know yet


@pytest.mark.parametrize("name", EVENTS)
def test_replayed_from_the_admin_it_changes_nothing(deliver: Deliver, cast: Cast, name: str) -> None:
    deliver(name, at=[NOW])
    once = state()
    inbox.replay(Letter.objects.all(), by=cast.ada, at=NOW)
    inbox.hand_on(NOW + timedelta(hours=1))
    assert state() == once and Letter.objects.get().state == "applied"


@pytest.mark.parametrize("family", FAMILIES, ids=" ".join)
def test_every_order_of_four_leads_to_the_same_state(deliver: Deliver, cast: Cast, family: tuple[str, ...]) -> None:
    from django.db import transaction

    times = [NOW + timedelta(minutes=n) for n in range(4)]
    outcomes = []
    for order in permutations(range(4)):
        with transaction.atomic():
            point = transaction.savepoint()
            for n in order:
                deliver(family[n], at=[times[n]])
            outcomes.append(state())
            transaction.savepoint_rollback(point)
    assert all(outcome == outcomes[0] for outcome in outcomes)


@pytest.mark.parametrize("family", FAMILIES, ids=" ".join)
def test_in_one_batch_as_one_by_one(deliver: Deliver, family: tuple[str, ...]) -> None:
    from django.db import transaction

    times = [NOW + timedelta(minutes=n) for n in range(4)]
    with transaction.atomic():
        point = transaction.savepoint()
        for name, at in zip(family, times, strict=True):
            deliver(name, at=[at])
        one_by_one = state()
        transaction.savepoint_rollback(point)
    deliver(*family, at=times)
    assert state() == one_by_one


def test_an_add_that_comes_an_hour_late_finds_its_place(deliver: Deliver) -> None:
    deliver("lost", at=[NOW])
    deliver("add", at=[NOW - timedelta(hours=1)])
    assert Relation.objects.get().state == "lost"


def test_a_deletion_that_comes_after_the_next_add_ends_the_relation_before_it(deliver: Deliver) -> None:
    deliver("add", "add", at=[NOW, NOW + timedelta(minutes=9)])
    deliver("dropped", at=[NOW + timedelta(minutes=5)])
    assert list(Relation.objects.order_by("epoch").values_list("state", flat=True)) == ["dropped", "live"]
