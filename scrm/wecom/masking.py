"""A letter as people may read it: who it is about stays recognisable, codes, names and phones do not."""

from collections.abc import Iterator

from scrm.wecom.envelope import read

HIDDEN = {
    "WelcomeCode",
    "Token",
    "Name",
    "Mobile",
    "Email",
    "BizMail",
    "Telephone",
    "Address",
    "Avatar",
    "Content",
    "Alias",
}
SHORTENED = {"ExternalUserID", "ChatId"}


def masked(xml: bytes) -> Iterator[tuple[str, str]]:
    """The fields of a letter with their texts, blotted out where they are nobody's business; raises Unreadable."""
    said = read(xml)
    for name, text in said.fields.items():
        if name in said.items:
            yield name, f"({len(said.items[name])})"
        else:
            yield name, shown(name, text)


def shown(name: str, text: str) -> str:
    """One text, whole, shortened or blotted out."""
    if name in HIDDEN:
        return "•" * min(len(text), 8)
    return f"{text[:4]}…{text[-4:]}" if name in SHORTENED and len(text) > 10 else text
