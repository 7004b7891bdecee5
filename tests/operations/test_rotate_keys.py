"""A new key takes the place of an old one while people go on working; then the old one may go."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from members import blocks, consents, identities
from members.identities import Newcomer
from members.models import Consent, Identity, Member
from scrm import sealed
from scrm.audit import entries, seals
from scrm.keeping import rotations
from scrm.wecom.models import App
from stores import factors
from tests.cast import NOW, Cast, after

pytestmark = pytest.mark.django_db
OLD, NEW = settings.FIELD_KEYS[0], "the-new-key-of-32-characters-111111"
PHONE, OTHER = "+8613800010001", "+8613800010002"


@pytest.fixture
def house(cast: Cast, settings: Any) -> tuple[int, Any]:
    """Things sealed and indexed by the old key; now the new one stands in front."""
    (mei,) = identities.enroll([Newcomer("梅", 2, (("phone", PHONE), ("card", "VIP1")))], at=NOW)
    blocks.put("phone", OTHER, reason="store", by=cast.ada, at=NOW)
    consents.give(
        Member.objects.get(pk=mei), ["service"], terms="V1", at=NOW, source="form", evidence="登记表", by=None
    )
    settings.FIELD_KEYS = [NEW, OLD]
    return mei, settings


def rotate() -> str:
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    return out.getvalue()


def test_all_is_found_and_read_before_between_and_after(house: Any, as_owner: Callable[[], Any]) -> None:
    mei, settings = house
    assert identities.anybody(PHONE) == identities.anybody("vip1") == {mei} and rotations.left()
    with as_owner():
        said = rotate()
    assert "RETIRED_KEYS" in said and not rotations.left()
    settings.FIELD_KEYS, settings.RETIRED_KEYS = [NEW], [OLD]
    assert identities.anybody(PHONE) == identities.anybody("vip1") == {mei}
    assert {identities.shown(one) for one in Identity.objects.filter(member=mei)} == {"138****0001", "****1"}
    assert Consent.objects.get().evidence == "登记表" and App.objects.get().secret == "s3cret-of-the-cast"
    assert identities.find([identities.Told((("phone", "", OTHER),))]) == [None]


def test_a_run_that_was_killed_goes_on(house: Any, as_owner: Callable[[], Any], monkeypatch: Any) -> None:
    monkeypatch.setattr(rotations, "A_BATCH", 1)
    column = rotations.Column("members_identity", "id", "sealed")
    assert next(rotations.reseal(column)) == 1  # and killed
    assert rotations.left()["members_identity.sealed"] == 1
    assert identities.anybody(PHONE) == identities.anybody("vip1") == {house[0]}
    with as_owner():
        rotate()
    assert not rotations.left() and "index" not in rotate()  # a second run finds nothing to do


def test_it_names_what_still_needs_the_old_key(house: Any, as_owner: Callable[[], Any]) -> None:
    """A process that was not started anew wrote the same phone by the new key's index already."""
    mei, _settings = house
    value = identities.index("phone", PHONE)
    Identity.objects.create(member_id=mei, kind="phone", value=value, sealed=PHONE, key_id=sealed.key_ids()[0])
    with as_owner(), pytest.raises(CommandError, match="1 of members_identity"):
        rotate()


def test_with_one_key_there_is_nothing_to_change(house: Any) -> None:
    house[1].FIELD_KEYS = [NEW]
    with pytest.raises(CommandError, match="one key"):
        rotate()


def test_what_cannot_be_made_anew_holds_by_the_retired_key(cast: Cast, settings: Any) -> None:
    settings.FIELD_KEYS, settings.RETIRED_KEYS = [OLD], []
    codes = factors.renew_codes(cast.ada, at=NOW)
    entries.record("code.created", by=cast.ada, at=NOW)
    seals.seal(at=after(days=2))
    settings.FIELD_KEYS, settings.RETIRED_KEYS = [NEW], [OLD]
    assert factors._takes_recovery(cast.ada, codes[0], NOW) and not list(seals.broken())
    settings.RETIRED_KEYS = []
    assert not factors._takes_recovery(cast.ada, codes[1], NOW) and list(seals.broken())
