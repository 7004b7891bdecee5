"""What goes wrong with callbacks, failure by failure (docs/failure-modes.md): those that no other test shows."""

import asyncio
import re
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from guides.models import Relation
from members.models import Identity
from scrm import clock
from scrm.wecom import commit, corps, front, inbox, receivers, welcomes
from scrm.wecom.models import Letter, Receiver
from tests.chaos.conftest import house, opened  # noqa: F401
from tests.corpus.callback_seal import Sender, added
from tests.wecom.conftest import NOW, at, deliver, receiver, routes, sender  # noqa: F401

PATH = "/wecom/callback/acme/"
SOURCE = Path(__file__).parents[2] / "scrm" / "wecom"


def row(name: str, **changes: Any) -> commit.Row:
    known = receivers.Known(1, 1, None, ())  # type: ignore[arg-type]
    xml = added(external_userid=name)
    from scrm.wecom.door import Opened
    from scrm.wecom.envelope import read

    return inbox.row_of(known, Opened(xml, read(xml)), NOW)._replace(**changes)


# --- F01: slow stores ------------------------------------------------------------------------------------------------


# Counted in commits, so that a busy machine changes nothing: twenty of 50 ms are the second that a letter may take.
LATENCY = 0.05
IN_A_SECOND = 20


class Slow(commit.GroupCommit):
    """A database that takes a while for each commit."""

    stored = commits = 0

    def _store(self, rows: Any, until: float) -> None:
        threading.Event().wait(0.002)
        self.stored, self.commits = self.stored + len(rows), self.commits + 1


class SlowAsync(commit.AsyncGroupCommit):
    stored = commits = 0

    async def _store(self, rows: Any) -> None:
        await asyncio.sleep(LATENCY)
        self.stored, self.commits = self.stored + len(rows), self.commits + 1


def test_f01_a_slow_database_is_answered_for_by_sharing_commits() -> None:
    """F01: WeCom hangs up after five seconds; of 2,000 letters at once on a slow database each is answered in one."""
    group, took = SlowAsync(), []

    async def put(n: int) -> None:
        began = group.commits
        await group.put(row(f"wm{n}"))
        took.append(group.commits - began)

    async def flood() -> None:
        await asyncio.gather(*(put(n) for n in range(2000)))

    rows = asyncio.run(flood())
    assert rows is None and group.stored == len(took) == 2000 and max(took) <= IN_A_SECOND


def test_f01_the_threads_of_a_small_house_too() -> None:
    """F01: the same for the eight threads that pages and door share."""
    group, took = Slow(), []

    def put(n: int) -> None:
        for m in range(20):
            began = group.commits
            group.put(row(f"wm{n}x{m}"))
            took.append(group.commits - began)

    threads = [threading.Thread(target=put, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (
        group.stored == len(took) == 160 and max(took) <= 3
    )  # the one under way, the next, and one more for a slow waker


def test_f01_a_letter_that_is_stored_is_not_refused_for_the_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    """F01: who waited in vain for the queue, and finds that another stored her letter, answers success."""
    group = Slow()
    monkeypatch.setattr(commit, "PATIENCE", 0.01)
    group.is_led = True
    monkeypatch.setattr(commit.Ticket, "__init__", _settled)
    group.put(row("wmMei"))


def _settled(self: commit.Ticket, one: commit.Row) -> None:
    self.row, self.settled, self.error = one, True, None


# --- F03: stored, and the answer lost ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_f03_a_letter_whose_answer_was_lost_counts_once(
    receiver: Receiver,  # noqa: F811
    sender: Sender,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """F03: the process dies between the commit and the answer; WeCom delivers again, one row and one fact stay."""

    def put_and_die(one: commit.Row) -> None:
        front.put_through_django(one)
        raise ConnectionResetError

    query, body = sender.post(added())
    book = receivers.Book(front.load_through_django)
    said = [
        front.answer("POST", PATH, query.encode(), lambda: body, book=book, put=put, at=NOW + timedelta(seconds=n))
        for n, put in enumerate((put_and_die, front.put_through_django))
    ]
    monkeypatch.setattr(clock, "now", lambda: NOW)
    inbox.hand_on(NOW + timedelta(seconds=9))
    assert [one.status[:3] for one in said] == ["503", "200"]
    letter = Letter.objects.get()
    assert letter.state == "applied" and letter.repeats.count() == 1 and Relation.objects.count() == 1


# --- F04, F05: the same, and not the same ----------------------------------------------------------------------------


@given(st.binary(min_size=1, max_size=12), st.integers(0, 300))
def test_f04_any_byte_that_differs_makes_another_letter(other: bytes, place: int) -> None:
    """F04: letters are told apart by all their bytes and their receiver, never by some of their fields."""
    letter = added(state="s1")
    changed = letter[:place] + other + letter[place + len(other) :]
    digests = {_digest(1, letter), _digest(2, letter), _digest(1, changed)}
    assert len(digests) == (2 if changed == letter else 3)


def _digest(receiver_id: int, xml: bytes) -> bytes:
    import hashlib

    return hashlib.sha256(b"%d\0" % receiver_id + xml).digest()


@pytest.mark.django_db
def test_f04_the_digest_is_that_of_receiver_and_bytes(deliver: Callable[..., Letter]) -> None:  # noqa: F811
    """F04: what the property above tries is what the door stores."""
    letter = deliver()
    assert bytes(letter.digest) == _digest(letter.receiver_id, letter.xml())


@pytest.mark.django_db
def test_f05_a_second_event_with_the_same_bytes_is_made_good_by_a_later_read(
    deliver: Callable[..., Letter],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """F05: deleted, added and deleted within a second; the second deletion has the bytes of the first and is dropped.
    The customer stands to be read after the second is settled, and the read corrects the guide's side."""
    from guides import bindings
    from guides.hearing import News
    from scrm import callbacks

    monkeypatch.setattr("scrm.wecom.routes.handlers", lambda: callbacks.ROUTES)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    deliver(at=NOW - timedelta(days=1))
    for change in ("del_external_contact", "add_external_contact", "del_external_contact"):
        deliver(change=change)
    inbox.hand_on(NOW)
    assert Letter.objects.count() == 3 and Relation.objects.latest("epoch").state == "live"
    person = Identity.objects.get()
    assert person.read_due_at is not None and person.read_due_at <= NOW + timedelta(seconds=62)
    gone = News(person.corp_id or 0, "cai", person.value, "read_gone", NOW + timedelta(seconds=61), b"r".ljust(32))
    bindings.hear([gone], now=NOW + timedelta(seconds=61))
    assert Relation.objects.latest("epoch").state == "dropped"


# --- F13, F15, F17: forged, replayed, for somebody else --------------------------------------------------------------


def test_f13_signatures_are_compared_as_bytes_and_in_constant_time() -> None:
    """F13: `==` on a signature tells its beginning by time, and comparing texts breaks on one that is not ASCII."""
    door = (SOURCE / "door.py").read_text("utf-8")
    assert "hmac.compare_digest(" in door
    for path in SOURCE.rglob("*.py"):
        assert not re.search(r"(signature|digest)\w* *[!=]= *\w*(signature|digest)", path.read_text("utf-8")), path


@pytest.mark.django_db
def test_f15_a_captured_letter_changes_nothing_when_it_is_replayed(
    receiver: Receiver,  # noqa: F811
    sender: Sender,  # noqa: F811
    client: Client,
    routes: ModuleType,  # noqa: F811
) -> None:
    """F15: the same request an hour later, with other stamps that its signature covers too, and with parts swapped."""
    sealed = sender.seal(added(at=int(NOW.timestamp())))
    stamps = [sender, sender.but(timestamp="1409663413"), sender.but(nonce="n0nceOfAnother")]
    for one in stamps:
        client.generic("POST", f"{PATH}?{one.query(sealed)}", one.envelope(sealed))
    forged = sender.query(sealed, timestamp=sender.nonce, nonce=sender.timestamp)
    assert client.generic("POST", f"{PATH}?{forged}", sender.envelope(sealed)).status_code in (400, 200)
    assert Letter.objects.count() == 1


@pytest.mark.django_db
def test_f15_an_old_letter_is_applied_by_the_time_at_which_it_happened(
    deliver: Callable[..., Letter],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """F15: freshness is read from inside the seal; what is late moves nothing that happened after it."""
    from scrm import callbacks

    monkeypatch.setattr("scrm.wecom.routes.handlers", lambda: callbacks.ROUTES)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    deliver(at=NOW, change="add_external_contact")
    deliver(at=NOW + timedelta(hours=1), change="del_follow_user")
    inbox.hand_on(NOW + timedelta(hours=1))
    late = deliver(added(at=int(NOW.timestamp()) + 60), at=NOW + timedelta(hours=2))
    inbox.hand_on(NOW + timedelta(hours=2))
    assert late.received_at - late.happened_at > timedelta(minutes=30)
    assert Relation.objects.get().state == "lost"


@pytest.mark.django_db
def test_f17_a_letter_for_another_corp_is_refused_at_our_address(
    receiver: Receiver,  # noqa: F811
    sender: Sender,  # noqa: F811
    client: Client,
) -> None:
    """F17: two corps on one host; the keys of one open nothing at the address of the other."""
    other = sender.but(receiveid="wwanothercorp0001", token="anotherToken", aes_key="B" * 42 + "E")
    more: dict[str, Any] = {"agent_id": 1, "secret": "another-secret-of-another-app", "slug": "other", "at": NOW}
    corps.connect(corp_id=other.receiveid, token=other.token, aes_key=other.aes_key, **more)
    said = {}
    for name, slug, one in [
        ("home", "other", other),
        ("astray", "acme", other),
        ("mixed", "acme", sender.but(receiveid=other.receiveid)),
    ]:
        query, body = one.post(added())
        said[name] = client.generic("POST", f"/wecom/callback/{slug}/?{query}", body).status_code
    assert said == {"home": 200, "astray": 403, "mixed": 403}
    assert Letter.objects.get().corp.corp_id == other.receiveid


# --- F18 to F20: unknown, poisonous, many ----------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "xml",
    [
        added(change="brand_new_change"),
        added().replace(b"change_external_contact", b"event_of_2030"),
        added(more="<Brand><New>1</New></Brand>"),
        b"<xml><CreateTime>1762000000</CreateTime><MsgType>event</MsgType><Event>x</Event></xml>",
    ],
    ids=["change", "event", "fields", "hardly anything"],
)
def test_f18_what_this_version_does_not_know_is_kept_and_answered(
    deliver: Callable[..., Letter],  # noqa: F811
    xml: bytes,
) -> None:
    """F18: no error and no storm of repetitions; unknown kinds wait for a later version, unknown fields do no harm."""
    letter = deliver(xml)
    inbox.hand_on(NOW)
    letter.refresh_from_db()
    assert letter.state == ("applied" if b"Brand" in xml else "unknown") and letter.xml() == xml


@pytest.mark.django_db
def test_f20_in_a_flood_welcomes_go_first(
    deliver: Callable[..., Letter],  # noqa: F811
    routes: ModuleType,  # noqa: F811
) -> None:
    """F20: thousands of letters wait; the last one's welcome is written before the first of them is applied."""
    for n in range(300):
        deliver(external_userid=f"wm{n}", change="edit_external_contact")
    last = deliver(external_userid="wmLast", welcome_code="W1")
    routes.FIRST = lambda received: {one.letter_id: {"text": {"content": "您好"}} for one in received}
    welcomes.compose(NOW)
    last.refresh_from_db()
    assert last.welcome == "sending" and Letter.objects.filter(state="waiting").count() == 301
    assert inbox.hand_on(NOW, limit=100) == 100 and inbox.hand_on(NOW, limit=1000) == 201


# --- F22: two requests in one ----------------------------------------------------------------------------------------

SMUGGLED = b"GET /admin/ HTTP/1.1\r\nHost: x\r\nX-Smuggled: 1\r\n\r\n"


def wire(port: int, request: bytes) -> bytes:
    """All that comes back to these bytes until the server closes or falls silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=3) as line:
        line.sendall(request)
        said = b""
        try:
            while part := line.recv(65536):
                said += part
        except (TimeoutError, ConnectionResetError):
            pass
    return said


def conflict(*headers: bytes, body: bytes) -> bytes:
    line = b"POST /wecom/callback/chaos/ HTTP/1.1\r\nHost: x\r\n"
    return line + b"\r\n".join(headers) + b"\r\n\r\n" + body


CHUNKED = b"0\r\n\r\n" + SMUGGLED
CONFLICTS = {
    "CL.TE": conflict(b"Content-Length: %d" % len(CHUNKED), b"Transfer-Encoding: chunked", body=CHUNKED),
    "TE.CL": conflict(b"Transfer-Encoding: chunked", b"Content-Length: 4", body=CHUNKED),
    "two lengths": conflict(b"Content-Length: 0", b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
    "a length with a sign": conflict(b"Content-Length: +0", body=SMUGGLED),
    "two lengths in one": conflict(b"Content-Length: 0, %d" % len(SMUGGLED), body=SMUGGLED),
    "TE of an unknown kind": conflict(b"Transfer-Encoding: xchunked", b"Content-Length: 0", body=SMUGGLED),
    "TE with a blank before the colon": conflict(b"Transfer-Encoding : chunked", b"Content-Length: 0", body=CHUNKED),
}


@pytest.mark.chaos
@pytest.mark.parametrize("name", CONFLICTS)
def test_f22_a_request_whose_length_is_said_twice_is_refused_or_closes_the_line(house: Any, name: str) -> None:  # noqa: F811
    """F22: where proxy and server read a request's end differently, a second one could hide inside the first.

    So nothing may be answered after such a request: it is a 400, or the line is closed behind its one answer."""
    said = wire(house.port, CONFLICTS[name])
    answers = re.findall(rb"HTTP/1\.1 (\d{3})", said)
    assert len(answers) <= 1, said
    assert house.ask("GET", "/healthz") == 200
