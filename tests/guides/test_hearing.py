"""Who is heard of for the first time by two workers at once is one member."""

from typing import Any

import pytest

from guides import hearing
from guides.hearing import News
from members.models import Identity, Member
from tests.cast import MEI, NOW, Cast

pytestmark = pytest.mark.django_db


def test_whom_another_worker_wrote_down_just_now_leaves_nobody_behind(cast: Cast, monkeypatch: Any) -> None:
    """The first look finds her not yet; then the other worker's commit is there."""
    cast.add(MEI, "cai")
    looked, look_up = [], hearing._look_up

    def late(query: str, names: Any) -> Any:
        looked.append(query)
        return {} if looked == [hearing.KNOWN_PEOPLE] else look_up(query, names)

    monkeypatch.setattr(hearing, "_look_up", late)
    people = hearing._people([News(cast.corp.pk, "dong", MEI, "add", NOW, b"0" * 32)])
    assert Member.objects.count() == Identity.objects.count() == 1
    assert people == {(cast.corp.pk, MEI): (cast.member(MEI).pk, Identity.objects.get().pk)}
