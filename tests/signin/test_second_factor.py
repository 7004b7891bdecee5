"""The second factor: who needs one, how it is set up, and that each code works once."""

import re
from typing import Any

import pyotp
import pytest
import time_machine
from django.test import Client

from scrm.audit.models import Entry
from stores import factors
from stores.models import Person, RecoveryCode, SecondFactor
from tests.cast import NOW, Cast

ADA = {"username": "ada", "password": "ada-opens-the-shop"}
BEN = {"username": "ben", "password": "ben-opens-the-shop"}


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def required(settings: Any, clock: Any) -> None:
    settings.SECOND_FACTOR = "required"


def code_of(person: Person, steps: int = 0) -> str:
    secret = str(SecondFactor.objects.get(person=person).secret)
    return pyotp.TOTP(secret).generate_otp(int(NOW.timestamp()) // 30 + steps)


def enrol(person: Person) -> list[str]:
    factors.start(person, at=NOW)
    return factors.confirm(person, code_of(person, -1), at=NOW)  # the step before, so that the present one is unused


def signed_in(browser: Client) -> bool:
    return "_auth_user_id" in browser.session


def at_the_second_question(how: dict[str, str] = ADA) -> Client:
    browser = Client()
    assert browser.post("/login/", {**how, "next": "/codes/"})["Location"] == "/login/code/"
    return browser


def test_hq_sees_nothing_before_the_app_is_set_up(cast: Cast, required: None) -> None:
    browser = Client()
    assert browser.post("/login/", {**ADA, "next": "/codes/"})["Location"] == "/login/enrol/"
    assert not signed_in(browser)
    assert browser.get("/dashboard/")["Location"].startswith("/login/")
    page = browser.get("/login/enrol/").content.decode()
    assert "data:image/svg+xml" in page
    done = browser.post("/login/enrol/", {"code": code_of(cast.ada)})
    assert signed_in(browser) and len(re.findall(r"<code>\w{5}-\w{5}</code>", done.content.decode())) == 10
    assert 'href="/codes/"' in done.content.decode()


def test_a_wrong_first_code_sets_nothing_up(cast: Cast, required: None) -> None:
    browser = Client()
    browser.post("/login/", ADA)
    browser.get("/login/enrol/")
    assert "不对" in browser.post("/login/enrol/", {"code": "000000"}).content.decode()
    assert not signed_in(browser) and not factors.is_on(cast.ada)


def test_who_works_in_a_shop_needs_none(cast: Cast, required: None) -> None:
    assert Client().post("/login/", BEN)["Location"] == "/dashboard/"


def test_in_the_demo_hq_needs_none(cast: Cast, settings: Any) -> None:
    assert settings.SECOND_FACTOR == "optional"
    assert Client().post("/login/", ADA)["Location"] == "/dashboard/"


def test_whoever_has_one_brings_its_code(cast: Cast, clock: Any) -> None:
    enrol(cast.ben)
    browser = at_the_second_question(BEN)
    assert browser.post("/login/code/", {"code": "123456"}).status_code == 200 and not signed_in(browser)
    said = browser.post("/login/code/", {"code": f" {code_of(cast.ben)[:3]} {code_of(cast.ben)[3:]} "})
    assert said["Location"] == "/codes/" and signed_in(browser)


def test_a_code_works_once(cast: Cast, clock: Any) -> None:
    enrol(cast.ada)
    code = code_of(cast.ada)
    first, second = at_the_second_question(), at_the_second_question()
    first.post("/login/code/", {"code": code})
    second.post("/login/code/", {"code": code})
    assert (signed_in(first), signed_in(second)) == (True, False)


@pytest.mark.parametrize(("steps", "works"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_phones_clock_may_be_off_by_one_step(cast: Cast, clock: Any, steps: int, works: bool) -> None:
    factors.start(cast.ada, at=NOW)
    SecondFactor.objects.update(confirmed_at=NOW)
    browser = at_the_second_question()
    browser.post("/login/code/", {"code": code_of(cast.ada, steps)})
    assert signed_in(browser) is works


def test_after_a_later_code_an_earlier_one_is_worth_nothing(cast: Cast, clock: Any) -> None:
    enrol(cast.ada)
    factors.check(cast.ada, code_of(cast.ada, 1), at=NOW)
    with pytest.raises(factors.WrongCode):
        factors.check(cast.ada, code_of(cast.ada, 0), at=NOW)


def test_each_recovery_code_works_once(cast: Cast, clock: Any) -> None:
    codes = enrol(cast.ada)
    for said, works in ((codes[0].upper(), True), (codes[0], False), (codes[1].replace("-", " "), True)):
        browser = at_the_second_question()
        browser.post("/login/code/", {"code": said})
        assert signed_in(browser) is works
    assert factors.codes_left(cast.ada) == 8


def test_only_fingerprints_of_recovery_codes_are_kept(cast: Cast, clock: Any) -> None:
    codes = enrol(cast.ada)
    kept = b"".join(bytes(one.digest) for one in RecoveryCode.objects.all())
    assert not [code for code in codes if code.encode() in kept or code.replace("-", "").encode() in kept]


def test_codes_cannot_be_guessed(cast: Cast, clock: Any) -> None:
    enrol(cast.ada)
    browser = at_the_second_question()
    said = [browser.post("/login/code/", {"code": f"{n:06}"}).status_code for n in range(8)]
    assert said == [200] * 5 + [429] * 3
    assert at_the_second_question().post("/login/code/", {"code": code_of(cast.ada)}).status_code == 429


@pytest.mark.parametrize("code", ["", "abc", "１２３４５６", "12345", "1234567", "٣٤٥٦٧٨", "x" * 9999, "-" * 11])
def test_no_code_breaks_the_page(cast: Cast, clock: Any, code: str) -> None:
    enrol(cast.ada)
    browser = at_the_second_question()
    assert browser.post("/login/code/", {"code": code}).status_code == 200
    assert not signed_in(browser)


def test_the_second_question_waits_ten_minutes_and_for_the_same_password(cast: Cast, clock: Any) -> None:
    enrol(cast.ada)
    late, changed = at_the_second_question(), at_the_second_question()
    cast.ada.set_password("quite-another-password")
    cast.ada.save()
    assert changed.post("/login/code/", {"code": code_of(cast.ada)})["Location"] == "/login/"
    clock.shift(601)
    assert late.get("/login/code/")["Location"] == "/login/"


def test_nobody_comes_to_the_second_question_by_its_address(cast: Cast) -> None:
    for path in ("/login/code/", "/login/enrol/"):
        assert Client().get(path)["Location"] == Client().post(path, {"code": "1"})["Location"] == "/login/"


def test_a_secret_that_counts_is_never_shown_again(cast: Cast, required: None) -> None:
    enrol(cast.ada)
    browser = Client()
    browser.post("/login/", ADA)
    assert browser.get("/login/enrol/")["Location"] == "/login/"
    with pytest.raises(factors.IsOn):
        factors.start(cast.ada, at=NOW)


def test_the_secret_is_sealed(cast: Cast, clock: Any) -> None:
    from django.db import connection

    enrol(cast.ada)
    secret = str(SecondFactor.objects.get().secret)
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM stores_secondfactor")
        assert secret.encode() not in bytes(cursor.fetchone()[0])


TOKEN = "/api/v1/token/"


def test_a_token_wants_the_code_as_well(cast: Cast, clock: Any) -> None:
    enrol(cast.ada)
    without, wrong = (Client().post(TOKEN, {**ADA, **otp}, "application/json") for otp in ({}, {"otp": "1"}))
    assert [one.status_code for one in (without, wrong)] == [401, 401]
    assert without.json()["type"] == wrong.json()["type"] == "urn:zhanggui:problem:second-factor-needed"
    said = Client().post(TOKEN, {**ADA, "otp": code_of(cast.ada)}, "application/json")
    assert (said.status_code, set(said.json())) == (200, {"token"})


def test_hq_gets_no_token_before_it_has_a_second_factor(cast: Cast, required: None) -> None:
    said = Client().post(TOKEN, ADA, "application/json")
    assert (said.status_code, said.json()["type"]) == (403, "urn:zhanggui:problem:second-factor-missing")
    assert Client().post(TOKEN, BEN, "application/json").status_code == 200


def test_hq_resets_a_lost_phone_and_the_book_says_so(cast: Cast, clock: Any) -> None:
    enrol(cast.ben)
    hers, hq = Client(), Client()
    hers.force_login(cast.ben)
    hq.force_login(cast.ada)
    page = f"/admin/stores/person/{cast.ben.pk}/change/"
    form = hq.get(page).context["adminform"].form
    said = {"name": form.initial["name"], "username": "ben", "is_active": "on", "stores_person_reset_factor": "1"}
    said |= {"seats-TOTAL_FORMS": "0", "seats-INITIAL_FORMS": "0"}
    assert hq.post(page, said).status_code == 302
    assert not factors.is_on(cast.ben) and hers.get("/account/").status_code == 302
    assert Entry.objects.filter(verb="person.second_factor_off", actor_id=cast.ada.pk).exists()


def test_the_account_page_sets_up_renews_and_ends_it(cast: Cast, clock: Any) -> None:
    browser = Client()
    browser.post("/login/", BEN)
    browser.get("/account/second-factor/")
    first = browser.post("/account/second-factor/", {"code": code_of(cast.ben, -1)}).content.decode()
    again = browser.post("/account/", {"do": "new_codes", "code": code_of(cast.ben)}).content.decode()
    mine = [re.findall(r"<code>(\w{5}-\w{5})</code>", page) for page in (first, again)]
    assert len(mine[0]) == len(mine[1]) == 10 and not set(mine[0]) & set(mine[1])
    browser.post("/account/", {"do": "factor_off", "code": mine[0][0]})
    assert factors.is_on(cast.ben)  # an old recovery code proves nothing
    browser.post("/account/", {"do": "factor_off", "code": mine[1][0]})
    assert not factors.is_on(cast.ben) and browser.get("/account/").status_code == 200
