"""Lists that go on by a cursor: to their end, anew where the cursor died, and never for ever."""

from typing import Any

import pytest

from scrm.wecom.endpoints import pages
from scrm.wecom.errors import BadReply, GiveUp, Retry
from tests.drift.conftest import Town

Page = dict[str, Any]


def told(*answers: Any) -> list[Page]:
    """What is read when WeCom answers so, one after the other."""
    left = list(answers)

    def ask(cursor: str) -> Page:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    return list(pages("list", ask))


@pytest.mark.parametrize("end", [{}, {"next_cursor": ""}, {"next_cursor": None}])
def test_a_list_ends_without_a_cursor(end: Page) -> None:
    assert len(told({"next_cursor": "a"}, {"next_cursor": "b"}, end)) == 3


def test_a_cursor_that_died_makes_the_list_begin_anew() -> None:
    with pytest.raises(Retry):
        told({"next_cursor": "a"}, GiveUp("list", 50100))


def test_a_first_page_that_is_refused_is_refused() -> None:
    with pytest.raises(GiveUp):
        told(GiveUp("list", 50100))


def test_a_cursor_that_leads_back_ends_in_an_error_and_not_in_a_circle() -> None:
    with pytest.raises(BadReply):
        told({"next_cursor": "a"}, {"next_cursor": "b"}, {"next_cursor": "a"})


@pytest.mark.django_db
def test_codes_of_many_pages_are_all_read(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    from guides import adoptions
    from scrm.wecom.client import client_for

    client = client_for(town.house.corp)
    made = [client.externalcontact.add_contact_way(type=1, scene=2, user=[u])["config_id"] for u in _people(town)]
    ask = client.externalcontact.list_contact_way
    monkeypatch.setattr(client.externalcontact, "list_contact_way", lambda **body: ask(**{**body, "limit": 2}))
    assert sorted(adoptions._listed(client, town.house.now)) == sorted(made)


def _people(town: Town) -> list[str]:
    from guides.models import Guide

    return list(Guide.objects.filter(can_contact=True, status="active").values_list("userid", flat=True)[:5])
