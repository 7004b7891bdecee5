"""The known vectors, forwards and backwards."""

import json
from pathlib import Path

import pytest

from scrm.sandbox import Sandbox, crypto

VECTORS = json.loads((Path(__file__).parent / "crypto_vectors.json").read_text())
ids = pytest.mark.parametrize("vector", VECTORS, ids=[each["id"] for each in VECTORS])


@ids
def test_signature_is_that_of_the_vector(vector):
    words = (vector["token"], vector["timestamp"], vector["nonce"], vector["msg_encrypt"])
    assert crypto.signature(*words) == vector["msg_signature"]


@ids
def test_vector_opens(vector):
    assert crypto.open_seal(vector["encoding_aes_key"], vector["msg_encrypt"]) == (
        vector["plaintext"],
        vector["receiveid"],
    )


@ids
def test_vector_seals_byte_for_byte(vector):
    random16 = bytes.fromhex(vector["random16_hex"])
    sealed = crypto.seal(vector["encoding_aes_key"], vector["plaintext"], vector["receiveid"], random16)
    assert sealed == vector["msg_encrypt"]


@pytest.mark.parametrize("key", ["", "a" * 42, "a" * 44, "a" * 42 + "=", "a" * 42 + "$"])
def test_a_bad_aes_key_is_refused(key):
    with pytest.raises(crypto.BadSeal, match="-40004"):
        crypto.key_of(key)


def test_another_key_does_not_open():
    mine, other = VECTORS[0], VECTORS[2]
    with pytest.raises(crypto.BadSeal, match="-4000[78]"):
        crypto.open_seal(other["encoding_aes_key"], mine["msg_encrypt"])


def test_what_is_cut_short_does_not_open():
    with pytest.raises(crypto.BadSeal, match="-40007"):
        crypto.open_seal(VECTORS[0]["encoding_aes_key"], VECTORS[0]["msg_encrypt"][:30])


def test_a_sealed_letter_of_the_sandbox_opens(wx: Sandbox):
    body = wx.sealed("<xml>你好</xml>").body.decode()
    encrypted = body.partition("<Encrypt><![CDATA[")[2].partition("]]>")[0]
    assert crypto.open_seal(wx.aes_key, encrypted) == ("<xml>你好</xml>", wx.corp_id)
