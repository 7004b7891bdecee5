"""What pointed at another member before merges had a book of their own."""

from importlib import import_module

import pytest
from django.db import connection

from members import identities, persons
from members.identities import Newcomer
from members.models import Identity, IdentityLink, Member, Merge
from tests.cast import NOW

STEPS = import_module("members.migrations.0012_claims_of_before")


@pytest.mark.django_db
def test_chains_become_flat_and_every_pointer_has_its_merge() -> None:
    one, two, three, four = identities.enroll([Newcomer("", 0, ()) for _ in range(4)], at=NOW)
    for member, value in ((one, "u1"), (two, "u2")):
        Identity.objects.create(kind="unionid", value=value, member_id=member)
    for member, at in ((two, one), (three, two), (four, two)):
        Member.objects.filter(pk=member).update(same_person_as=at)
    with connection.cursor() as cursor:
        for sql in (STEPS.OPENED, STEPS.CLAIMED, STEPS.FLAT, STEPS.MERGED):
            cursor.execute(sql)
    assert persons.all_of(one) == [one, two, three, four]
    assert Merge.objects.filter(winner_id=one, rule="unionid").count() == 3
    assert set(IdentityLink.objects.values_list("member_id", "identity__value")) == {
        (two, "u1"),
        (three, "u2"),
        (four, "u2"),
    }
