"""What a report of a failure tells whoever keeps such reports: nothing by which somebody is known."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client, RequestFactory
from sentry_sdk.transport import Transport

from members.joins import pages, personal
from members.models import Member
from scrm import failures
from tests.cast import MEI, NOW

pytestmark = pytest.mark.django_db
PHONE, NAME = "13764501893", "\u6885"  # reports quote lines of the source


class Kept(Transport):
    """Keeps what would have been sent."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[dict[str, Any]] = []

    def capture_envelope(self, envelope: Any) -> None:
        self.told += [json.loads(item.get_bytes()) for item in envelope.items if item.type in ("event", "transaction")]


@pytest.fixture
def kept() -> Iterator[Kept]:
    """Where the reports of this test go; the next test has none again."""
    transport = Kept()
    client = sentry_sdk.Client("https://key@reports.example.com/1", transport=transport, **failures.OPTIONS)
    with sentry_sdk.isolation_scope(), sentry_sdk.new_scope() as scope:
        scope.set_client(client)
        yield transport
    client.close(timeout=0)


def fails(*_args: Any, **_more: Any) -> None:
    raise LookupError(f"Key (phone)=({PHONE}) of {NAME} {MEI} already exists")


def address_of_somebody() -> str:
    return f"/my/{personal.token(Member.objects.create(created_at=NOW))}/"


def test_a_page_that_fails_is_told_without_whose_it_was(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    page = address_of_somebody()
    monkeypatch.setattr(pages.personal, "holder", fails)
    head = {"referer": f"http://testserver{page}", "cookie": "sessionid=s3cret", "user-agent": f"{NAME}-phone"}
    asked = RequestFactory(headers=head).get(page + "?code=123456")
    answered: list[str] = []
    WSGIHandler()(asked.environ, lambda status, *_: answered.append(status))  # as a server calls it
    assert answered == ["500 Internal Server Error"]
    told = next(one for one in kept.told if one.get("request") and one.get("exception"))
    assert told["request"] == {"method": "GET", "url": "http://testserver/my/…/"}
    assert told["exception"]["values"][-1]["type"] == "LookupError"
    assert any(frame["function"] == "mine" for frame in told["exception"]["values"][-1]["stacktrace"]["frames"])
    said = json.dumps(kept.told, ensure_ascii=False)  # a line of the log is told as well
    assert not [word for word in (PHONE, MEI, NAME, page.split("/")[2], "123456", "s3cret") if word in said]


def test_a_form_that_fails_is_told_without_what_was_typed(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    page = address_of_somebody()
    monkeypatch.setattr(pages.knocks, "knock", fails)
    form = {"kind": "delete", "phone": PHONE, "note": NAME}
    assert Client(raise_request_exception=False).post(page + "ask/", form).status_code == 500
    said = json.dumps(kept.told, ensure_ascii=False)
    assert "LookupError" in said and not [word for word in (PHONE, MEI, NAME, page.split("/")[2]) if word in said]


def test_a_line_of_the_log_is_told_without_what_fills_it(kept: Kept) -> None:
    logging.getLogger("somebody.else").error("cannot send to %s at %s", NAME, f"/join/j_abc.def/?access_token={PHONE}")
    logging.getLogger("somebody.else").error(f"cannot open /my/m_abc.xyz/ of +86 {PHONE} {MEI}")
    one, other = [told["logentry"]["message"] for told in kept.told]
    assert one == "cannot send to %s at %s" and other == "cannot open /my/…/ of … …"
    assert NAME not in json.dumps(kept.told, ensure_ascii=False)


def test_what_libraries_add_stays_here(kept: Kept) -> None:
    sentry_sdk.set_user({"username": "ada"})
    sentry_sdk.add_breadcrumb(message=f"called /join/j_abc.def/ for {PHONE}")
    sentry_sdk.set_context("job", {"args": [MEI]})
    sentry_sdk.set_extra("celery-job", {"args": [PHONE]})
    sentry_sdk.capture_message(f"sent to {PHONE}")
    (told,) = kept.told
    assert not {"user", "breadcrumbs", "extra"} & told.keys() and "job" not in told["contexts"]
    assert PHONE not in json.dumps(told) and told["message"] == "sent to …"


@pytest.mark.parametrize("said", ["order 20260302137645018931", "m_7Zx13764501893a", "120 rows in 3.5 s"])
def test_what_only_looks_like_a_phone_to_nobody_stays(said: str) -> None:
    assert failures.without_persons({"message": said})["message"] in {said, "m_7Zx…a"}
