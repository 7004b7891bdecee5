"""Alarms that others sound end when their cause is gone, and not before."""

from datetime import datetime
from typing import Any

import pytest

from guides.models import Code
from scrm.audit import alarms
from scrm.audit.models import Alarm
from scrm.watch import causes
from scrm.wecom.models import App, Letter, OutboundCall
from tests.cast import NOW, Cast, after

pytestmark = pytest.mark.django_db


def standing(at: datetime) -> list[str]:
    causes.end_those_that_are_gone(at)
    return list(Alarm.objects.filter(cleared_at=None).values_list("subject", flat=True))


def test_a_letter_that_is_no_longer_parked(letters: Any) -> None:
    one, other = letters(2, at=NOW, state="parked")
    for letter in (one, other):
        alarms.sound("wecom.letter.parked", str(letter.pk), at=NOW)
    Letter.objects.filter(pk=one.pk).update(state="applied")
    assert standing(NOW) == [str(other.pk)]


def test_an_app_that_wecom_let_in_again(cast: Cast) -> None:
    App.objects.update(token_failures=2)
    alarms.sound("wecom.token.refused", f"app {cast.app.pk}", at=NOW)
    assert standing(NOW)
    App.objects.update(token_failures=0)
    assert not standing(NOW)


def test_a_code_that_leads_to_somebody_again(cast: Cast) -> None:
    code = cast.code()
    Code.objects.update(trouble=Code.Trouble.NOBODY)
    alarms.sound("code_without_guide", code.public_id, at=NOW)
    assert standing(NOW)
    Code.objects.update(trouble=Code.Trouble.NONE)
    assert not standing(NOW)


def a_call(cast: Cast, api: str, state: str) -> OutboundCall:
    when = {"due_at": NOW, "created_at": NOW}
    return OutboundCall.objects.create(corp=cast.corp, api=api, body=b"", state=state, **when)


def test_a_refused_call_is_mended_when_a_later_one_was_done_and_an_hour_was_quiet(cast: Cast) -> None:
    failed = a_call(cast, "externalcontact/remark", "failed")
    alarms.sound("wecom.call.needs_fix", "NeedsFix 48002", at=NOW, call=failed.pk)
    a_call(cast, "externalcontact/mark_tag", "done")
    assert standing(after(hours=2)), "another API says nothing about this one"
    a_call(cast, "externalcontact/remark", "done")
    assert standing(after(minutes=59))
    assert not standing(after(hours=1))


def test_what_tells_of_one_event_ends_after_a_day(cast: Cast) -> None:
    alarms.sound("unknown_state", "abc", at=NOW)
    assert standing(after(hours=23))
    assert not standing(after(hours=24))


def test_an_alarm_that_nobody_knows_how_to_end_stays(cast: Cast) -> None:
    alarms.sound("roster_shrank", "ww1", at=NOW)
    assert standing(after(days=30)) == ["ww1"]
