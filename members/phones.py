"""Phone numbers: one form for all ways of writing them, and the form in which they are shown."""

import re
import unicodedata
from typing import Any

import phonenumbers

HOME = "CN"
# A mobile number of home as most are written: known at once, by the library's own pattern.
_mobile: Any = phonenumbers.PhoneMetadata.metadata_for_region(HOME).mobile  # type: ignore[union-attr]
USUAL = re.compile(rf"(?:\+86)?({_mobile.national_number_pattern})", re.ASCII)


class NotAPhone(Exception):
    """No telephone of the world has this number."""


def normalised(text: str) -> str:
    """The number in E.164, a Chinese one unless it says otherwise; raises NotAPhone."""
    if usual := USUAL.fullmatch(text):
        return "+86" + usual[1]
    try:
        number = phonenumbers.parse(text if text.isascii() else unicodedata.normalize("NFKC", text), HOME)
    except phonenumbers.NumberParseException:
        raise NotAPhone from None  # the text itself belongs in no traceback
    if number.extension or not phonenumbers.is_valid_number(number):
        raise NotAPhone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def masked(text: str) -> str:
    """The number as it is shown: 138****0001."""
    digits = text.removeprefix("+86")
    return digits[:3] + "****" + digits[-4:] if len(digits) >= 8 else "****"
