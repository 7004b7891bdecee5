"""The account page: where I am signed in, what speaks for me, and that nobody touches what is another's."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from scrm import clock
from scrm.audit.models import Entry
from stores import tasks
from stores.models import ApiToken, Session
from tests.cast import NOW, Cast
from tests.signin.conftest import DESK, PHONE, Comes

BEN = {"username": "ben", "password": "ben-opens-the-shop"}
ADA = {"username": "ada", "password": "ada-opens-the-shop"}


def browser(how: dict[str, str] = BEN, agent: str = DESK) -> Client:
    found = Client(headers={"user-agent": agent})
    assert found.post("/login/", how).status_code == 302
    return found


def do(who: Client, deed: str, **more: str) -> str:
    return who.post("/account/", {"do": deed, **more}, follow=True).content.decode()


def program(token: str) -> int:
    return Client().get("/api/v1/me/", headers={"Authorization": f"Token {token}"}).status_code


@pytest.mark.parametrize("name", ["ada", "rita", "fang", "ben", "cai", "ivy", "eve"])
def test_everybody_reads_who_she_is_here(cast: Cast, name: str) -> None:
    here = Client()
    here.force_login(getattr(cast, name))
    page = here.get("/account/").content.decode()
    assert name in page and ("还没有岗位" in page) is (name == "eve")


def test_a_device_is_signed_out_and_the_others_stay(cast: Cast) -> None:
    desk, phone, till = browser(), browser(agent=PHONE), browser()
    page = desk.get("/account/").content.decode()
    assert "Chrome · Windows" in page and "企业微信 · iPhone" in page and "本设备" in page
    gone = Session.objects.get(device="企业微信 · iPhone")
    do(desk, "end_session", session=gone.public_id)
    assert [one.get("/account/").status_code for one in (desk, phone, till)] == [200, 302, 200]


def test_all_others_are_signed_out_at_once(cast: Cast) -> None:
    desk, others, ada = browser(), [browser(), browser()], browser(ADA)
    do(desk, "end_others")
    assert [one.get("/account/").status_code for one in (desk, *others, ada)] == [200, 302, 302, 200]


def test_nobody_ends_what_is_anothers(cast: Cast) -> None:
    hers, other = browser(), browser(ADA)
    token = ApiToken.issue(cast.ada, at=clock.now())
    do(hers, "end_session", session=Session.objects.get(person=cast.ada).public_id)
    do(hers, "revoke_token", token=ApiToken.objects.get().mark)
    assert other.get("/account/").status_code == 200 and program(token) == 200


def test_no_session_key_stands_on_the_page(cast: Cast) -> None:
    desk = browser()
    key = desk.cookies["sessionid"].value
    assert key not in desk.get("/account/").content.decode()
    kept = Session.objects.get()
    assert key not in str(vars(kept))
    thief = Client()
    thief.cookies["sessionid"] = kept.session_key
    assert thief.get("/account/").status_code == 302


@pytest.mark.parametrize("key", ["", "x", "x" * 5000, "%E4%BC%9A", "a b;c", "'--"])
def test_a_session_key_that_is_none_opens_nothing(cast: Cast, key: str) -> None:
    stranger = Client()
    stranger.cookies["sessionid"] = key
    assert stranger.get("/account/").status_code == 302


def test_a_token_is_shown_once_used_and_revoked(cast: Cast) -> None:
    desk = browser()
    page = do(desk, "make_token", name="收银系统")
    token = re.search(r'class="secret"><code>([\w-]+)</code>', page)
    assert token and program(token[1]) == 200
    later = desk.get("/account/").content.decode()
    assert "收银系统" in later and token[1] not in later
    do(desk, "revoke_token", token=ApiToken.objects.get().mark)
    assert program(token[1]) == 401
    assert {"person.token_made", "person.token_revoked"} <= set(Entry.objects.values_list("verb", flat=True))


@pytest.mark.parametrize("name", ["", "  ", "\r\n"])
def test_a_token_without_a_name_is_not_made(cast: Cast, name: str) -> None:
    assert "名字" in do(browser(), "make_token", name=name)
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("mark", ["", "%", "0" * 16, "x" * 5000])
def test_a_mark_that_names_nothing_revokes_nothing(cast: Cast, mark: str) -> None:
    token = ApiToken.issue(cast.ben, at=clock.now())
    here = browser()
    do(here, "revoke_token", token=mark)
    do(here, "end_session", session=mark)
    assert program(token) == 200


@pytest.mark.parametrize("body", [{}, {"do": "nothing"}, {"do": "end_session"}, {"do": "__class__"}])
def test_a_deed_that_is_none_is_refused(cast: Cast, body: dict[str, str]) -> None:
    said = Client()
    said.force_login(cast.ben)
    assert said.post("/account/", body).status_code == (302 if body.get("do") == "end_session" else 400)


def test_tokens_end_unused_after_90_days_and_in_any_case_after_365(cast: Cast) -> None:
    with time_machine.travel(NOW, tick=False) as now:
        used, unused = (ApiToken.issue(cast.ben, at=NOW, name=name) for name in ("used", "unused"))
        now.shift(timedelta(days=89))
        assert program(used) == 200
        now.shift(timedelta(days=2))
        assert (program(used), program(unused)) == (200, 401)
        for _ in range(4):
            now.shift(timedelta(days=65))
            assert program(used) == 200
        now.shift(timedelta(days=20))
        assert program(used) == 401
        tasks.forget_old_doors()
        assert not ApiToken.objects.exists()


def test_a_tokens_use_is_noted_once_an_hour(cast: Cast) -> None:
    with time_machine.travel(NOW, tick=False) as now:
        token = ApiToken.issue(cast.ben, at=NOW)
        seen = []
        for minutes in (10, 20, 45):
            now.shift(timedelta(minutes=minutes))
            program(token)
            seen.append(ApiToken.objects.get().last_used_at)
    assert seen[0] == seen[1] < seen[2]


@pytest.mark.parametrize(("how", "lasts"), [(BEN, False), (ADA, False)])
def test_a_session_that_a_password_opened_ends_when_nobody_uses_it(
    cast: Cast, settings: Any, how: dict[str, str], lasts: bool
) -> None:
    settings.SESSION_IDLE_MINUTES = 30
    with time_machine.travel(NOW, tick=False) as now:
        desk = browser(how)
        for _ in range(4):
            now.shift(timedelta(minutes=29))
            assert desk.get("/account/").status_code == 200
        now.shift(timedelta(minutes=31))
        assert (desk.get("/account/").status_code == 200) is lasts


def test_a_guide_in_wecom_stays_for_her_working_day(cast: Cast, settings: Any, comes: Comes) -> None:
    settings.SESSION_IDLE_MINUTES = 30
    with time_machine.travel(NOW, tick=False) as now:
        phone = Client(headers={"user-agent": PHONE})
        comes(phone)
        now.shift(timedelta(hours=11))
        assert phone.get("/account/").status_code == 200
        now.shift(timedelta(hours=2))
        assert phone.get("/account/").status_code == 302
        tasks.forget_old_doors()
        assert not Session.objects.exists()


def test_hq_sees_and_ends_somebodys_sessions(cast: Cast) -> None:
    hers, hq = browser(agent=PHONE), browser(ADA)
    page = f"/admin/stores/person/{cast.ben.pk}/change/"
    assert "企业微信 · iPhone" in hq.get(page).content.decode()
    said = {"name": "Ben", "username": "ben", "is_active": "on", "stores_person_end_everywhere": "1"}
    said |= {"seats-TOTAL_FORMS": "0", "seats-INITIAL_FORMS": "0"}
    assert hq.post(page, said).status_code == 302
    assert hers.get("/account/").status_code == 302
    assert Entry.objects.filter(verb="person.sessions_ended", actor_id=cast.ada.pk).exists()


def test_who_may_not_change_people_ends_nothing(cast: Cast) -> None:
    hers, analyst = browser(), Client()
    analyst.force_login(cast.ann)
    analyst.post(f"/admin/stores/person/{cast.ben.pk}/change/", {"stores_person_end_everywhere": "1", "name": "x"})
    assert hers.get("/account/").status_code == 200


def test_a_new_password_ends_the_other_sessions(cast: Cast) -> None:
    here, there = browser(), browser()
    said = {
        "old_password": BEN["password"],
        "new_password1": "a-better-password-1",
        "new_password2": "a-better-password-1",
    }
    assert here.post("/admin/password_change/", said).status_code == 302
    assert (here.get("/account/").status_code, there.get("/account/").status_code) == (200, 302)
