"""The quick way for usual numbers says what the library says."""

import random

import phonenumbers
import pytest

from members import phones


def by_the_library(text: str) -> str | None:
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@pytest.mark.parametrize("prefix", ["", "+86"])
def test_usual_numbers_are_read_as_the_library_reads_them(prefix: str) -> None:
    chance, quick = random.Random(5), 0
    for _ in range(3000):
        text = f"{prefix}1{chance.randrange(10**10):010}"
        if phones.USUAL.fullmatch(text):
            quick += 1
            assert phones.normalised(text) == by_the_library(text)
    assert quick > 1000


@pytest.mark.parametrize("text", ["13800010001\n", "１３８００010001", "138 0001 0001", "0086 13800010001"])
def test_the_others_go_the_long_way(text: str) -> None:
    assert not phones.USUAL.fullmatch(text) and phones.normalised(text) == "+8613800010001"
