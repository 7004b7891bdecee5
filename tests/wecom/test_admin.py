"""The gateway's desk: secrets are written and never shown, letters are masked, replays are recorded."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from scrm.audit.models import Entry
from scrm.wecom import inbox
from scrm.wecom.models import App, Letter, Receiver
from tests.cast import Cast, assemble
from tests.wecom.conftest import NOW, SECRET

LISTS = ["corp", "app", "receiver", "letter", "outboundcall", "quota"]


@pytest.fixture
def cast(receiver: Receiver) -> Cast:
    return assemble()


def page(who: Any, name: str, *args: Any) -> Any:
    browser = Client()
    browser.force_login(who)
    return browser.get(reverse(f"admin:wecom_{name}", args=args))


def send(who: Any, name: str, data: dict[str, Any], *args: Any) -> Any:
    browser = Client()
    browser.force_login(who)
    return browser.post(reverse(f"admin:wecom_{name}", args=args), data)


@pytest.mark.parametrize("name", LISTS)
def test_ada_opens_every_list(cast: Cast, deliver: Callable[..., Letter], name: str) -> None:
    deliver()
    assert page(cast.ada, f"{name}_changelist").status_code == 200


@pytest.mark.parametrize("name", ["app", "receiver"])
def test_otto_sees_no_keys_and_ben_no_letters(cast: Cast, name: str) -> None:
    assert page(cast.otto, f"{name}_changelist").status_code == 403
    assert page(cast.ben, "letter_changelist").status_code == 403


@pytest.mark.parametrize(("model", "name"), [(App, "app"), (Receiver, "receiver")])
def test_no_page_shows_a_secret(cast: Cast, receiver: Receiver, model: Any, name: str) -> None:
    shown = page(cast.ada, f"{name}_change", model.objects.get(pk=receiver.app_id if model is App else receiver.pk).pk)
    text = shown.content.decode()
    assert shown.status_code == 200
    assert not [secret for secret in (SECRET, receiver.token, receiver.aes_key) if secret in text]


def test_an_empty_secret_stays_and_a_new_one_is_taken(cast: Cast, receiver: Receiver) -> None:
    data = {"corp": receiver.corp_id, "agent_id": 1000002, "name": "SCRM", "secret": ""}
    send(cast.ada, "app_change", data, receiver.app_id)
    app = App.objects.get(pk=receiver.app_id)
    assert (app.name, app.secret) == ("SCRM", SECRET)
    App.objects.filter(pk=app.pk).update(token_failures=3)
    send(cast.ada, "app_change", {**data, "secret": "another-secret"}, receiver.app_id)
    app.refresh_from_db()
    assert (app.secret, app.token_failures) == ("another-secret", 0)
    assert "another-secret" not in str(list(Entry.objects.values()))


def test_changed_keys_go_in_beside_the_old_ones(cast: Cast, receiver: Receiver) -> None:
    data = {"corp": receiver.corp_id, "app": receiver.app_id, "slug": "acme", "token": "newToken", "aes_key": ""}
    send(cast.ada, "receiver_change", data, receiver.pk)
    changed = Receiver.objects.get(pk=receiver.pk)
    assert (changed.token, changed.previous_token) == ("newToken", receiver.token)
    assert (changed.aes_key, changed.previous_aes_key) == (receiver.aes_key, receiver.aes_key)


def test_keys_of_the_wrong_form_are_refused(cast: Cast, receiver: Receiver) -> None:
    data = {"corp": receiver.corp_id, "app": receiver.app_id, "slug": "acme", "token": "new", "aes_key": "short"}
    assert send(cast.ada, "receiver_change", data, receiver.pk).status_code == 200
    assert Receiver.objects.get(pk=receiver.pk).token == receiver.token


def test_what_a_letter_says_is_masked_and_for_ada_alone(cast: Cast, deliver: Callable[..., Letter]) -> None:
    letter = deliver(
        external_userid="wmMeiMeiMeiMeiMei", welcome_code="CANARYCODE", more="<Mobile>13800000000</Mobile>"
    )
    ada, otto = (page(who, "letter_change", letter.pk).content.decode() for who in (cast.ada, cast.otto))
    assert "<b>ExternalUserID</b> wmMe…iMei" in ada
    assert "<b>ExternalUserID</b>" not in otto
    assert not [text for text in ("CANARYCODE", "13800000000") if text in ada + otto]


def test_otto_replays_a_letter_and_the_book_says_so(cast: Cast, deliver: Callable[..., Letter]) -> None:
    letter = deliver()
    inbox.hand_on(NOW)
    send(cast.otto, "letter_changelist", {"action": "replay", "_selected_action": [letter.pk]})
    letter.refresh_from_db()
    assert letter.state == "waiting"
    entry = Entry.objects.get(verb="wecom.letter.replay")
    assert (entry.actor_id, entry.detail) == (cast.otto.pk, {"letters": [letter.pk]})


def test_ann_replays_nothing(cast: Cast, deliver: Callable[..., Letter]) -> None:
    letter = deliver()
    inbox.hand_on(NOW)
    send(cast.ann, "letter_changelist", {"action": "replay", "_selected_action": [letter.pk]})
    letter.refresh_from_db()
    assert letter.state == "applied"
