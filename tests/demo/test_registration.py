"""The sample brand's registration page opens, and a second start changes nothing."""

import pytest
from django.test import Client

from members.joins import invites
from members.models import Consent, Invite, Member, Terms
from scrm.demo import registration
from tests.cast import NOW, OPENED, Cast


@pytest.mark.django_db
def test_each_store_has_a_link_that_opens(cast: Cast) -> None:
    for _ in range(2):
        registration.furnish(at=NOW, began_at=OPENED)
    assert Terms.objects.count() == 1 and Invite.objects.count() == 4
    page = Client().get(f"/join/{invites.token(Invite.objects.get(store=cast.nanjing_road))}/")
    assert "木棉生活会员隐私政策" in page.content.decode()


@pytest.mark.django_db
def test_some_registered_and_each_said_what_she_allows(cast: Cast) -> None:
    assert registration.some_register(at=NOW, days=28) == 0  # nobody was asked anything yet
    registration.furnish(at=NOW, began_at=OPENED)
    registration.some_register(at=NOW, days=28)
    assert Member.objects.exclude(registered_at=None).count() == registration.NEW
    said = Consent.objects.filter(purpose="marketing_1v1").values_list("state", flat=True)
    assert {"given", "denied"} <= set(said)
