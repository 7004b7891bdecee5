"""What the logs of a whole walk say, and what they must never say."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection
from django.test import Client

from campaigns.models import Welcome
from guides.models import Relation
from members.models import Member, Tag
from scrm import loglines
from scrm.wecom import commit, inbox
from scrm.wecom.models import App, Letter, OutboundCall
from tests.walks.conftest import House

NAME, WORDS, REMARK, PHONE = "金丝雀梅小姐", "金丝雀欢迎您，凭此消息领茶一杯", "金丝雀备注", "13800009876"


@pytest.fixture
def lines() -> Iterator[Any]:
    """`lines()`: the log so far, each line as the formatter of the settings writes it."""
    formatter = settings.LOGGING["formatters"]["json"]
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(formatter["()"](**{k: v for k, v in formatter.items() if k != "()"}))
    root = logging.getLogger()
    before, root.level = root.level, logging.DEBUG
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in handler.stream.getvalue().splitlines()]
    root.removeHandler(handler)
    root.level = before


def walk(house: House) -> None:
    """A scan from the code to the tags, a deletion, and a handler that fails while it holds a name."""
    code = house.a_code(tags=[Tag.objects.get(name="VIP")], remark="{name}" + REMARK[:3])
    Welcome.objects.create(name="门店", text=WORDS, store=code.store)
    mei = house.wx.customer(name=NAME)
    house.wx.scan(mei, config_id=code.config_id)
    house.work()
    house.read()
    userid = Relation.objects.get().guide.userid
    house.wx.edit(mei, userid, remark=REMARK, phones=[PHONE])
    house.work()
    house.read()
    house.work()
    house.wx.delete(mei, userid, by="customer")
    house.work()


def secrets_of(house: House) -> list[str]:
    app = App.objects.get()
    code = Letter.objects.exclude(welcome="none").first()
    assert code is not None
    sealed = [call.request().get("welcome_code") for call in OutboundCall.objects.all()]
    keys = [str(app.secret), str(app.access_token), house.wx.token, house.wx.aes_key]
    return [text for text in [*keys, *sealed, NAME, WORDS, REMARK, PHONE] if text]


def test_a_whole_walk_logs_no_name_phone_message_secret_or_token(house: House, lines: Any) -> None:
    walk(house)
    assert (
        Member.objects.get().name == NAME and Letter.objects.get(change_type="add_external_contact").welcome == "sent"
    )
    text = json.dumps(lines(), ensure_ascii=False)
    assert len(lines()) > 10
    assert not [one for one in secrets_of(house) if one in text]


def test_each_line_about_a_letter_or_a_call_names_it(house: House, lines: Any) -> None:
    walk(house)
    told = lines()
    by_event = {line["event"]: line for line in told}
    assert {"call", "corp", "api"} <= by_event["wecom.call.made"].keys()
    assert by_event["guides.facts.heard"].keys() & {"letter", "letters"} and "corp" in by_event["guides.facts.heard"]
    stored = by_event["wecom.letters.stored"]
    digests = [bytes(letter.digest)[:8].hex() for letter in Letter.objects.all()]
    assert set(stored["letters"]) <= set(digests) and stored["corp"] == house.corp.pk


def test_a_handler_that_fails_over_a_name_does_not_tell_it(
    house: House, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::int", [NAME])

    code = house.a_code()
    house.wx.scan(house.wx.customer(name=NAME), config_id=code.config_id)
    house.wx.settle()
    monkeypatch.setattr("guides.bindings.write_down", fail)
    inbox.hand_on(house.now)
    failed = next(line for line in lines() if line["event"] == "wecom.letter.failed")
    assert failed["letter"] == Letter.objects.get().pk and failed["corp"] == house.corp.pk
    assert NAME not in json.dumps(lines(), ensure_ascii=False)


def broken(request: Any) -> None:
    raise ValidationError(f"{NAME} {PHONE}") from DatabaseError(f"Failing row contains ({NAME})")


def test_a_page_that_breaks_tells_where_and_not_whom(house: House, lines: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrm.health.healthz", broken)
    monkeypatch.setattr("django.urls.resolvers.URLPattern.resolve", _resolving_to(broken))
    answer = Client(raise_request_exception=False).get("/healthz")
    text = json.dumps(lines(), ensure_ascii=False)
    assert answer.status_code == 500 and NAME not in text and PHONE not in text
    assert "test_logs.py" in text and "ValidationError" in text


def _resolving_to(view: Any) -> Any:
    from django.urls.resolvers import URLPattern

    resolve = URLPattern.resolve

    def found(self: Any, path: str) -> Any:
        match = resolve(self, path)
        if match is not None:
            match.func = view
        return match

    return found


def test_the_answer_says_under_which_id_it_was_logged(db: None, lines: Any) -> None:
    answer = Client().get("/login/")
    assert {line["request_id"] for line in lines() if line["event"] == "request_finished"} == {answer["X-Request-Id"]}


@pytest.mark.parametrize(
    ("brought", "kept"),
    [("proxy-7f3a.1", True), ("x", False), ("a b\tc", False), ("x" * 200, False), ("金丝雀金丝雀", False)],
)
def test_an_id_that_a_proxy_brings_is_kept_if_it_is_one(db: None, brought: str, kept: bool) -> None:
    answer = Client().get("/login/", headers={"X-Request-Id": brought})
    assert (answer["X-Request-Id"] == brought) is kept and answer["X-Request-Id"]


def test_a_task_carries_the_id_of_the_request_that_asked_for_it(lines: Any) -> None:
    import structlog
    from celery.signals import before_task_publish

    headers: dict[str, Any] = {}
    with structlog.contextvars.bound_contextvars(request_id="proxy-7f3a.1"):
        before_task_publish.send(
            sender="dashboard.fill_touched", headers=headers, body={}, properties={}, routing_key=""
        )
    assert headers["__django_structlog__"]["request_id"] == "proxy-7f3a.1"


def test_celerys_worker_binds_what_a_task_carries() -> None:
    from scrm.celery import app

    assert "DjangoStructLogInitStep" in {step.__name__ for step in app.steps["worker"]}


def test_secrets_in_what_a_library_says_are_blotted_out() -> None:
    said = loglines.without_secrets(None, "", {"event": "GET /x?access_token=abc&corpsecret=def HTTP/1.1" + "y" * 9000})
    assert "abc" not in said["event"] and "def" not in said["event"] and len(said["event"]) < 2100


def test_an_exception_is_told_by_class_and_place() -> None:
    try:
        raise ValueError(NAME)
    except ValueError:
        line = loglines.without_texts(None, "", {"event": "x", "exc_info": True, "error": NAME})
    assert NAME not in json.dumps(line, ensure_ascii=False)
    assert line["exception"][0]["class"] == "builtins.ValueError" and "test_logs.py" in line["exception"][0]["at"][0]


def test_a_group_of_letters_is_one_line(lines: Any) -> None:
    """At thousands of letters a second a line for each would cost the door more than the letter itself."""
    from tests.wecom.test_commit import row

    commit.tell([row(str(n)) for n in range(100)])
    (line,) = [line for line in lines() if line["event"] == "wecom.letters.stored"]
    assert len(line["letters"]) == 100
