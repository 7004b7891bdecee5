"""The story of a customer tells what she allowed, one line for one moment."""

import pytest

from members import consentchapters, consents
from members.rights import requests
from tests.cast import MEI, NOW, Cast, after


@pytest.mark.django_db
def test_words_of_one_moment_are_one_line_for_who_sees_her(cast: Cast) -> None:
    cast.add(MEI, "cai")
    mei = cast.member(MEI)
    consents.give(mei, ["service", "ad_match"], terms="v1", at=NOW, source="form")
    consents.withdraw(mei, ["ad_match"], at=after(days=1), source="guide")
    requests.ask(mei, "export", way="store", at=after(days=2), by=cast.ada)

    def told(viewer: object) -> list[tuple]:
        lines = consentchapters.happenings(viewer, [mei.pk], None, 9)
        return sorted((line.at, line.source_key.partition(":")[0]) for line in lines)

    words = [(NOW, "consent"), (after(days=1), "consent")]
    assert told(cast.ada) == [*words, (after(days=2), "request")]
    assert told(cast.cai) == words and told(cast.fang) == []
