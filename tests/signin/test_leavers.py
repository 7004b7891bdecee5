"""Who leaves is out with the next request: by WeCom's letter, by the next sync, by HQ's click (F69, P10)."""

from typing import Any

import pytest
import time_machine
from django.test import Client

from guides import postings, roster, staff
from guides.models import Guide
from guides.staff import Staff
from scrm import clock
from scrm.dashboard import exports
from stores import sessions
from stores.models import ApiToken, Person, Session
from tests.cast import NOW, Cast
from tests.walks.conftest import House, house  # noqa: F401

API = "/api/v1/me/"


class Doors:
    """A browser and a program in which somebody is signed in."""

    def __init__(self, person: Person) -> None:
        self.browser = Client()
        self.browser.force_login(person)
        self.token = ApiToken.issue(person, at=clock.now())

    def said(self) -> tuple[int, int]:
        program = Client().get(API, headers={"Authorization": f"Token {self.token}"})
        return self.browser.get("/account/").status_code, program.status_code


OPEN, SHUT = (200, 200), (302, 401)


def test_all_that_a_person_opened_ends_at_once(cast: Cast) -> None:
    hers, another = Doors(cast.cai), Doors(cast.dong)
    assert hers.said() == another.said() == OPEN
    sessions.end_all([cast.cai.pk], at=NOW)
    assert (hers.said(), another.said()) == (SHUT, OPEN)


def test_a_session_that_was_copied_ends_with_the_epoch(cast: Cast) -> None:
    """The row alone does not let her in: each request compares the epoch."""
    hers = Doors(cast.cai)
    kept = list(Session.objects.filter(person=cast.cai))
    sessions.end_all([cast.cai.pk], at=NOW)
    Session.objects.bulk_create(kept)
    assert hers.browser.get("/account/").status_code == 302


def test_the_letter_about_a_leaver_shuts_all_her_doors(house: House) -> None:  # noqa: F811
    guide = Guide.objects.filter(status="active", postings__is_manager=False).select_related("person")[0]
    hers = Doors(guide.person)
    assert hers.said() == OPEN
    house.wx.do("POST", f"users/{guide.userid}/leave")
    house.work()
    assert hers.said() == SHUT
    guide.refresh_from_db()
    assert (guide.status, guide.person.is_active) == ("left", False)


def test_without_a_letter_the_next_sync_shuts_them(house: House) -> None:  # noqa: F811
    guide = Guide.objects.filter(status="active", postings__is_manager=False).select_related("person")[0]
    hers = Doors(guide.person)
    house.wx.do("POST", "faults", drop=1.0)
    house.wx.do("POST", f"users/{guide.userid}/leave")
    house.work()
    assert hers.said() == OPEN
    assert roster.sync(house.corp, at=house.now)
    assert hers.said() == SHUT


def _told(guide: Guide, *, status: int = 1) -> Staff:
    return Staff(guide.userid, guide.name, "", status=status, departments=frozenset(), leads=frozenset())


def _hear(cast: Cast, guide: Guide, **said: Any) -> None:
    staff.learn(cast.corp, [_told(guide, **said)], followers=frozenset({guide.userid}), stores={}, at=NOW)


def test_whom_wecom_disables_is_out_and_comes_back_when_it_enables_her(cast: Cast) -> None:
    hers, guide = Doors(cast.cai), cast.guide("cai")
    _hear(cast, guide, status=2)
    assert hers.said() == SHUT
    assert not Client().login(username="cai", password="cai-opens-the-shop")
    _hear(cast, guide, status=1)
    assert Client().login(username="cai", password="cai-opens-the-shop")
    assert hers.said() == SHUT  # what was ended stays ended


def test_whom_hq_made_inactive_wecom_does_not_bring_back(cast: Cast) -> None:
    cast.cai.is_active = False
    cast.cai.save()
    _hear(cast, cast.guide("cai"), status=2)
    _hear(cast, cast.guide("cai"), status=1)
    assert not Person.objects.get(pk=cast.cai.pk).is_active


def test_leaving_twice_changes_nothing_more(cast: Cast) -> None:
    for _ in range(2):
        staff.leave([cast.guide("cai")], at=NOW)
    assert Person.objects.get(pk=cast.cai.pk).access_epoch == 1


def test_a_new_userid_ends_nothing(cast: Cast) -> None:
    hers = Doors(cast.cai)
    staff.rename(cast.corp.pk, "cai", "cai.new")
    assert hers.said() == OPEN


def test_moving_to_another_store_changes_what_she_sees_at_once(cast: Cast) -> None:
    hers, there = Doors(cast.cai), cast.code(cast.xujiahui)
    assert hers.browser.get(f"/codes/{there.public_id}/").status_code == 404
    now = clock.now()
    postings.settle({cast.guide("cai").pk: {cast.xujiahui.pk: False}}, at=now)
    assert hers.browser.get(f"/codes/{there.public_id}/").status_code == 200
    here = cast.code()
    assert hers.browser.get(f"/codes/{here.public_id}/").status_code == 404


def test_a_file_that_was_made_while_she_left_is_not_sent(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    hers, table = Doors(cast.ben), f"/dashboard/{cast.nanjing_road.public_id}/table.csv"
    assert hers.browser.get(table).status_code == 200
    note = exports.note

    def and_leaves(*args: Any, **more: Any) -> None:
        note(*args, **more)
        staff.leave([cast.guide("ben")], at=clock.now())

    monkeypatch.setattr(exports, "note", and_leaves)
    said = hers.browser.get(table)
    assert said.status_code == 403 and "Content-Disposition" not in said


def test_a_file_that_is_being_sent_stops(cast: Cast) -> None:
    with time_machine.travel(NOW, tick=False) as now:
        sent = sessions.while_in(cast.ben, (b"line\n" for _ in range(1000)))
        assert next(sent) == b"line\n"
        staff.leave([cast.guide("ben")], at=NOW)
        now.shift(6)
        assert list(sent) == []


def test_a_long_file_reaches_whoever_stays(cast: Cast) -> None:
    with time_machine.travel(NOW, tick=False) as now:
        sent = sessions.while_in(cast.ben, (b"line\n" for _ in range(10)))
        next(sent)
        now.shift(6)
        assert len(list(sent)) == 9


def test_hq_makes_somebody_inactive_with_a_click(cast: Cast) -> None:
    hers, hq = Doors(cast.ben), Client()
    hq.force_login(cast.ada)
    said = {"name": "Ben", "username": "ben", "seats-TOTAL_FORMS": "0", "seats-INITIAL_FORMS": "0"}
    assert hq.post(f"/admin/stores/person/{cast.ben.pk}/change/", said).status_code == 302
    assert hers.said() == SHUT
