"""Area: the outer XML (nobody vouches for it) and the letter inside (signed, but to be read with care)."""

from collections.abc import Iterator

from tests.corpus.callback_http import Case
from tests.corpus.callback_seal import Sender, added

DTD = b'<!DOCTYPE xml [<!ENTITY a "b">]>'
BOMB = b'<!DOCTYPE l [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]>'
FILE = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'


def outer(sender: Sender, path: str) -> Iterator[Case]:
    sealed = sender.seal(added())
    query, good = sender.query(sealed), sender.envelope(sealed)
    child = b"<Encrypt><![CDATA[" + sealed + b"]]></Encrypt>"

    def case(name: str, body: bytes, status: int = 400) -> Case:
        return Case(f"outer: {name}", "POST", path, query, body, status)

    yield case("empty", b"")
    yield case("not XML", b"hello")
    yield case("JSON", b'{"encrypt": "' + sealed + b'"}')
    yield case("no Encrypt", good.replace(child, b""))
    yield case("empty Encrypt", good.replace(child, b"<Encrypt></Encrypt>"))
    yield case("Encrypt twice", good.replace(child, child + child))
    yield case("ToUserName twice", good.replace(b"<AgentID>", b"<ToUserName>x</ToUserName><AgentID>"))
    yield case("Encrypt one floor down", good.replace(child, b"<A>" + child + b"</A>"))
    yield case("Encrypt in a comment and outside", good.replace(child, b"<!-- " + child + b" -->" + child))
    yield case("a DTD", DTD + good)
    yield case("entities that grow", BOMB + good)
    yield case("a file as an entity", FILE + good)
    yield case("an entity in a child", good.replace(b"<![CDATA[1000002]]>", b"&lt;"))
    yield case("a processing instruction", b"<?php evil ?>" + good)
    yield case("another encoding claimed", b'<?xml version="1.0" encoding="utf-16"?>' + good)
    yield case("UTF-16", good.decode().encode("utf-16"))
    yield case("not UTF-8", good.replace(b"1000002", b"\xff\xfe"))
    yield case("NUL in front", b"\0" + good)
    yield case("attributes on Encrypt", good.replace(b"<Encrypt>", b'<Encrypt a="b">'))
    yield case("more behind the root", good + b"<xml/>")
    yield case("never closed", good[:-6])
    yield case("another root", good.replace(b"xml>", b"yml>"))
    yield case("CDATA in CDATA", good.replace(b"1000002", b"1]]><![CDATA[2"))


def inner(sender: Sender, path: str) -> Iterator[Case]:
    good = added()

    def case(name: str, letter: bytes) -> Case:
        query, body = sender.post(letter)
        return Case(f"letter: {name}", "POST", path, query, body, 400)

    yield case("empty", b"")
    yield case("not XML", b"hello")
    yield case("not closed", good[:-6])
    yield case("two roots", good + good)
    yield case("another root", good.replace(b"xml>", b"yml>"))
    yield case("a DTD", DTD + good)
    yield case("entities that grow", BOMB + good.replace(b"cai", b"&b;"))
    yield case("a file as an entity", FILE + good)
    yield case("a processing instruction", b"<?x y?>" + good)
    yield case("not UTF-8", good.replace(b"cai", b"\xff\xfe"))
    yield case("NUL inside", good.replace(b"cai", b"c\0i"))
    yield case(
        "UTF-16 claimed and written", ('<?xml version="1.0" encoding="utf-16"?>' + good.decode()).encode("utf-16")
    )
    yield case("UTF-16 without a mark", good.decode().encode("utf-16-le"))
    for name in ("Event", "ChangeType", "CreateTime", "UserID", "ExternalUserID", "ToUserName", "MsgType"):
        yield case(f"{name} twice", good.replace(b"</xml>", f"<{name}>1</{name}></xml>".encode()))
