"""The door: WeCom's own vectors forwards and backwards, and every bad input with its declared status."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlencode

import pytest
from wechatpy.crypto.base import WeChatCipher

from scrm.wecom import door, envelope
from tests.corpus import callback_crypto, callback_http, callback_xml
from tests.corpus.callback_seal import Sender, added

AT = datetime(2026, 11, 22, tzinfo=UTC)
VECTORS = json.loads((Path(__file__).parent.parent / "corpus" / "crypto_vectors.json").read_text("utf-8"))
PATH = "/wecom/callback/acme/"
BAD_POSTS = [
    case
    for area in (callback_http.cases, callback_crypto.cases, callback_xml.outer, callback_xml.inner)
    for case in area(Sender(), PATH)
    if case.method == "POST" and case.status not in (404, 405)
]


def door_of(sender: Sender, *older: door.Key) -> door.Door:
    return door.Door((door.Key.of(sender.token, sender.aes_key), *older), sender.receiveid.encode())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["id"])
def test_opens_what_wecom_sealed(vector: dict[str, Any]) -> None:
    key = door.Key.of(vector["token"], vector["encoding_aes_key"])
    sealed = vector["msg_encrypt"].encode()
    assert key.signed(*(vector[k].encode() for k in ("msg_signature", "timestamp", "nonce")), sealed)
    assert door.unseal(key.cipher, sealed, vector["receiveid"].encode()) == vector["plaintext"].encode()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["id"])
def test_seals_byte_for_byte_as_wecom_does(vector: dict[str, Any]) -> None:
    message = vector["plaintext"].encode()
    plain = (
        bytes.fromhex(vector["random16_hex"]) + len(message).to_bytes(4, "big") + message + vector["receiveid"].encode()
    )
    assert -len(plain) % 32 in (vector["pad"], 0)
    cipher = WeChatCipher(base64.b64decode(vector["encoding_aes_key"] + "="))
    padded = plain + bytes([vector["pad"]]) * vector["pad"]
    assert base64.b64encode(cipher.encrypt(padded)).decode() == vector["msg_encrypt"]


@pytest.mark.parametrize("vector", [v for v in VECTORS if "GET" in v["kind"]], ids=lambda v: v["id"])
@pytest.mark.parametrize("plus", ["%2B", "+"])
def test_verification_gives_back_the_exact_bytes(vector: dict[str, Any], plus: str) -> None:
    names = {"msg_signature": "msg_signature", "timestamp": "timestamp", "nonce": "nonce", "echostr": "msg_encrypt"}
    query = urlencode({name: vector[source] for name, source in names.items()}).replace("%2B", plus)
    sender = Sender(vector["token"], vector["encoding_aes_key"], vector["receiveid"])
    assert door_of(sender).verify(query.encode(), AT) == vector["plaintext"].encode()


@pytest.mark.parametrize("number", range(20))
def test_twenty_echoes_come_back_unchanged(sender: Sender, number: int) -> None:
    echo = str(number * 987_654_321_987_654).encode() + b"\n" * (number % 2) + "汉".encode() * (number % 3)
    sealed = sender.seal(echo)
    query = urlencode({"echostr": sealed}) + "&" + sender.query(sealed)
    assert door_of(sender).verify(query.encode(), AT) == echo


@pytest.mark.parametrize("length", range(0, 70))
def test_opens_letters_of_every_length(sender: Sender, length: int) -> None:
    letter = added(userid="x" * length)
    query, body = sender.post(letter)
    assert door_of(sender).open(query.encode(), body, AT).xml == letter


@pytest.mark.parametrize("case", BAD_POSTS, ids=lambda c: c.name)
def test_a_bad_letter_is_refused_with_its_status(sender: Sender, case: callback_http.Case) -> None:
    with pytest.raises(door.Fault) as fault:
        door_of(sender).open(case.query.encode(), case.body, AT)
    assert fault.value.status == case.status
    assert fault.value.body in (b"malformed", b"forbidden", b"too large")


@pytest.mark.parametrize("case", [c for c in BAD_POSTS if c.status == 403], ids=lambda c: c.name)
def test_nothing_is_parsed_before_signature_and_seal_are_good(sender: Sender, case: callback_http.Case) -> None:
    with mock.patch.object(envelope, "read") as read, pytest.raises(door.Fault):
        door_of(sender).open(case.query.encode(), case.body, AT)
    read.assert_not_called()


def test_swapping_timestamp_and_nonce_keeps_the_signature_but_does_not_pass(sender: Sender) -> None:
    sealed = sender.seal(added())
    query = sender.query(sealed, timestamp="n0nce", nonce=sender.timestamp)
    with pytest.raises(door.Malformed):
        door_of(sender).open(query.encode(), sender.envelope(sealed), AT)


@pytest.mark.parametrize("token", ["", "a" * 33, "a b", "令牌"])
def test_a_token_of_the_wrong_form_is_no_key(sender: Sender, token: str) -> None:
    with pytest.raises(door.BadKey):
        door.Key.of(token, sender.aes_key)


@pytest.mark.parametrize(
    "change", [lambda k: k[:-1], lambda k: k + "A", lambda k: k + "=", lambda k: "$" + k[1:], lambda k: ""]
)
def test_an_aes_key_of_the_wrong_form_is_no_key(sender: Sender, change: Any) -> None:
    with pytest.raises(door.BadKey):
        door.Key.of(sender.token, change(sender.aes_key))


@pytest.mark.parametrize(
    "new", [{"token": "newtoken"}, {"aes_key": callback_crypto.OTHER_KEY}], ids=["token", "aes key"]
)
def test_the_key_before_the_last_change_opens_letters_until_its_end(sender: Sender, new: dict[str, str]) -> None:
    old = door.Key.of(sender.token, sender.aes_key, AT)
    changed = door_of(sender.but(**new), old)
    query, body = sender.post(added())
    assert changed.open(query.encode(), body, AT - timedelta(seconds=1)).xml == added()
    with pytest.raises(door.Fault) as fault:
        changed.open(query.encode(), body, AT)
    assert fault.value.status == 403


def test_outer_children_may_stand_in_any_order(sender: Sender) -> None:
    sealed = sender.seal(added())
    body = (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<xml>\n <New/>\n <Encrypt>\n'
        + sealed
        + b"\n</Encrypt><AgentID>1</AgentID>\n</xml>\n"
    )
    assert door_of(sender).open(sender.query(sealed).encode(), body, AT).xml == added()
