"""The ids by which people are known, as values: their one form, what the database keeps, and what people may read."""

import unicodedata
from collections.abc import Sequence

from members import phones
from members.models import Identity
from scrm import sealed

PHONE, CARD, UNIONID = Identity.Kind.PHONE, Identity.Kind.CARD, Identity.Kind.UNIONID
OPENID, MARKETPLACE = Identity.Kind.OPENID, Identity.Kind.MARKETPLACE
EXTERNAL_USERID = Identity.Kind.EXTERNAL_USERID
UNIQUE: Sequence[str] = (UNIONID, EXTERNAL_USERID, OPENID, MARKETPLACE, CARD)  # one person's alone; the surest first
BLIND: frozenset[str] = frozenset({PHONE, CARD, MARKETPLACE})  # found by a keyed digest, kept sealed


def normal(kind: str, text: str) -> str:
    """The one form of a phone (raises NotAPhone), of a card's number, or of an id that is taken as it is."""
    if kind == PHONE:
        return phones.normalised(text)
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    return plain.upper() if kind == CARD else plain


def index(kind: str, plain: str) -> str:
    """What stands in `value` for an id in its normal form: of a phone or a card a keyed fingerprint."""
    return indexes(kind, plain)[0]


def indexes(kind: str, plain: str) -> list[str]:
    """All that may stand in `value` for it while keys are being changed: the present key's first."""
    if kind not in BLIND:
        return [plain]
    return [one.hex() for one in sealed.digests(plain, f"identity {kind}")]


def masked_card(text: str) -> str:
    """The number's last four signs, of a short one only the last: ****0123."""
    return "****" + (text[-4:] if len(text) >= 8 else text[-1:])


def masked(kind: str, plain: str) -> str:
    """An id as people may read it: phones, cards and marketplaces' ids masked."""
    if kind == PHONE:
        return phones.masked(plain)
    return masked_card(plain) if kind in BLIND else plain
