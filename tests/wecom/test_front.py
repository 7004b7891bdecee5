"""The callback address as a whole: what comes back, what is stored, what is logged — by Django, WSGI and ASGI alike."""

import asyncio
import io
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from scrm.wecom import front, receivers
from scrm.wecom.models import Letter, Receiver
from tests.corpus import callback_crypto, callback_http, callback_xml
from tests.corpus.callback_http import Case
from tests.corpus.callback_seal import Sender, added
from tests.wecom.conftest import NOW, SECRET

PATH = "/wecom/callback/acme/"
CASES = [
    case
    for area in (callback_http.cases, callback_crypto.cases, callback_xml.outer, callback_xml.inner)
    for case in area(Sender(), PATH)
]


def ask(browser: Client, case: Case) -> Any:
    path = f"{case.path}?{case.query}"
    return browser.generic(case.method, path, case.body, content_type="text/xml")


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_a_bad_request_is_answered_plainly_and_leaves_no_trace(
    receiver: Receiver, sender: Sender, client: Client, case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = ask(client, case)
    assert said.status_code == case.status
    assert len(said.content) < 30
    assert not Letter.objects.exists()
    for secret in (sender.token, sender.aes_key, SECRET, sender.seal(added()).decode()[:40]):
        assert secret not in caplog.text
    query, body = sender.post(added())
    assert ask(client, Case("good", "POST", PATH, query, body, 200)).content == b"success"


def test_every_address_that_nobody_has_gets_the_same_answer(receiver: Receiver, client: Client, sender: Sender) -> None:
    query, body = sender.post(added())
    answers = {
        client.generic("POST", f"/wecom/callback/{slug}/?{query}", body).content
        for slug in ("nobody", "Acme", "x" * 50)
    }
    assert answers == {b"not found"}


def test_verification_is_plain_text_without_a_newline(receiver: Receiver, client: Client, sender: Sender) -> None:
    sealed = sender.seal(b"1616140317555161061")
    said = client.get(
        PATH, query_params={"echostr": sealed.decode(), **dict(p.split("=") for p in sender.query(sealed).split("&"))}
    )
    assert (said.status_code, said.content) == (200, b"1616140317555161061")
    assert said["Content-Type"] == "text/plain"


def test_the_same_letter_twice_is_one_row(deliver: Callable[..., Letter]) -> None:
    deliver(external_userid="wmMei")
    deliver(external_userid="wmMei")
    assert Letter.objects.count() == 1


def test_fifty_customers_of_one_guide_in_one_second_are_fifty_rows(deliver: Callable[..., Letter]) -> None:
    for number in range(50):
        deliver(external_userid=f"wm{number}")
    assert Letter.objects.count() == 50


def test_a_letter_is_kept_word_for_word_and_sealed(deliver: Callable[..., Letter]) -> None:
    letter = deliver(state="store12", welcome_code="CODE")
    assert letter.xml() == added(at=int(NOW.timestamp()), state="store12", welcome_code="CODE")
    assert b"wmMei" not in bytes(letter.body)
    assert (letter.stream, letter.event, letter.change_type) == (
        "wmMei",
        "change_external_contact",
        "add_external_contact",
    )
    assert (letter.happened_at, letter.received_at, letter.state, letter.welcome) == (NOW, NOW, "waiting", "waiting")


def test_a_letter_without_a_time_is_kept_and_parked_later(deliver: Callable[..., Letter]) -> None:
    letter = deliver(b"<xml><Event>change_external_contact</Event></xml>")
    assert (letter.happened_at, letter.stream) == (NOW, "change_external_contact")


def test_an_add_without_a_code_says_so(deliver: Callable[..., Letter]) -> None:
    assert deliver().welcome == Letter.Welcome.MISSING
    assert deliver(change="del_follow_user").welcome == Letter.Welcome.NONE


def failing_put(_row: Any) -> None:
    raise front.NotWritable("no disk")


def test_what_is_not_stored_is_answered_with_503(receiver: Receiver, sender: Sender) -> None:
    query, body = sender.post(added())
    book = receivers.Book(front.load_through_django)
    said = front.answer("POST", PATH, query.encode(), lambda: body, book=book, put=failing_put, at=NOW)
    assert said.status.startswith("503")
    assert ("Retry-After", "2") in said.headers


def test_new_keys_are_known_at_once_to_a_book_that_does_not_remember(
    receiver: Receiver, client: Client, sender: Sender
) -> None:
    changed = sender.but(token="anotherToken")
    receivers.rotate(receiver, token=changed.token, aes_key=changed.aes_key, at=front.clock.now())
    for one in (sender, changed):
        query, body = one.post(added(userid=one.token))
        assert client.generic("POST", f"{PATH}?{query}", body).status_code == 200


def test_the_book_goes_on_while_the_database_is_away(receiver: Receiver) -> None:
    answers = iter([front.load_through_django()])
    book = receivers.Book(lambda: next(answers), fresh_for=0.0)
    assert book.find("acme").id == receiver.pk
    assert book.find("acme").id == receiver.pk


def wsgi(query: str, body: bytes, path: str = PATH) -> tuple[str, bytes]:
    heard: list[str] = []
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": path, "QUERY_STRING": query, "CONTENT_LENGTH": str(len(body))}
    said = front.wsgi({**environ, "wsgi.input": io.BytesIO(body)}, lambda status, headers: heard.append(status))
    return heard[0], b"".join(said)


@pytest.mark.django_db(transaction=True)
def test_wsgi_answers_over_its_own_connection(own_connection: None, receiver: Receiver, sender: Sender) -> None:
    front.book.read_at = None
    assert wsgi(*sender.post(added())) == ("200 OK", b"success")
    assert wsgi("", b"") == ("400 Bad Request", b"malformed")
    assert wsgi(*sender.post(added()), "/wecom/callback/a/b/")[0] == "404 Not Found"
    assert wsgi("", b"x" * 70_000)[0] == "413 Content Too Large"
    assert Letter.objects.count() == 1


async def asgi(door: front.AsgiDoor, query: str, body: bytes, method: str = "POST") -> tuple[int, bytes]:
    sent: list[dict[str, Any]] = []
    parts = [
        {"type": "http.request", "body": body[:50], "more_body": True},
        {"type": "http.request", "body": body[50:]},
    ]
    scope = {"type": "http", "method": method, "path": PATH, "query_string": query.encode()}

    async def receive() -> dict[str, Any]:
        return parts.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await door(scope, receive, send)
    return sent[0]["status"], sent[1]["body"]


@pytest.mark.django_db(transaction=True)
def test_asgi_answers_many_at_once(receiver: Receiver, sender: Sender) -> None:
    async def story() -> list[tuple[int, bytes]]:
        door = front.AsgiDoor()
        letters = [asgi(door, *sender.post(added(external_userid=f"wm{n % 40}"))) for n in range(50)]
        odd = [asgi(door, "", b""), asgi(door, "", b"", "PUT"), asgi(door, "", b"x" * 70_000)]
        found = await asyncio.gather(*letters, *odd)
        for connection in door.group.idle:
            await connection.close()
        return found

    found = asyncio.run(story())
    assert found[:50] == [(200, b"success")] * 50
    assert [status for status, _ in found[50:]] == [400, 405, 413]
    assert Letter.objects.count() == 40
