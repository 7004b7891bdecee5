"""WeCom refuses somebody in a code without saying whom: who it is, and what becomes of her."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guides import codes, postings, refusals
from guides.models import Code, Guide, HouseAccount
from scrm.audit.models import Alarm
from scrm.wecom.models import OutboundCall
from tests.cast import NOW, Cast, after

PEOPLE = [f"guide{n:02}" for n in range(40)]


def found_out(meant: list[str], bad: set[str], accepted: list[str]) -> tuple[Code, int]:
    """A code whose people WeCom tries in turn, without a database; and how many calls that took."""
    code, left, calls = Code(accepted_users=accepted), list(meant), 0
    while left:
        told, calls = refusals.trial(code, left), calls + 1
        if bad.isdisjoint(told):
            if not refusals.passed(code, told, left):
                break
        elif culprit := refusals.narrow(code, told):
            left.remove(culprit)
    return code, calls


@given(st.sets(st.sampled_from(PEOPLE), min_size=1), st.sets(st.sampled_from(PEOPLE)), st.sets(st.sampled_from(PEOPLE)))
def test_exactly_those_whom_wecom_takes_stay(meant: set[str], bad: set[str], accepted: set[str]) -> None:
    code, calls = found_out(sorted(meant), bad, sorted(accepted))
    if meant - bad:
        assert set(code.accepted_users) == meant - bad and not code.doubted
    assert calls <= 3 + 14 * len(meant & bad)  # each is found by two calls for each halving of forty


@pytest.mark.parametrize("newcomer", ["guide00", "guide39"])
def test_a_newcomer_is_found_at_once(newcomer: str) -> None:
    _code, calls = found_out(PEOPLE, {newcomer}, [one for one in PEOPLE if one != newcomer])
    assert calls == 4  # with her, without her, with her alone in doubt, without her


def wecom(bad: set[str], errcode: int = 41054) -> list[list[str]]:
    """WeCom answers all calls that are out until there are none; whom each call named."""
    told = []
    while call := OutboundCall.objects.filter(answered_at=None).order_by("pk").first():
        users = call.request().get("user", [])
        told.append(users)
        refused = bool(bad & set(users))
        call.state, call.errcode, call.answered_at = ("failed", errcode, NOW) if refused else ("done", 0, NOW)
        call.result = None if refused else {"config_id": f"{call.pk:032x}"}
        call.save()
        codes.answered([call], NOW)
    return told


pytestmark = pytest.mark.django_db


@pytest.fixture
def code(cast: Cast) -> Code:
    postings.post(cast.guide("dong"), to=cast.nanjing_road, at=NOW)
    return codes.create(store=cast.nanjing_road, kind="store", name="收银台", by=cast.ada, at=NOW)


def test_who_has_not_verified_leaves_the_code_and_the_others_stay(cast: Cast, code: Code) -> None:
    assert wecom({"cai"})[-1] == ["ben", "dong"]
    code.refresh_from_db()
    assert (code.trouble, code.pushed_users, code.doubted) == ("", ["ben", "dong"], [])
    assert code.pushed == code.wanted and code.config_id
    assert cast.guide("cai").contact_trouble == "41054" and not Alarm.objects.exists()


def test_she_leaves_her_other_codes_too(cast: Cast, code: Code) -> None:
    own = codes.create(
        store=cast.nanjing_road, kind="guides", name="橱窗", guides=[cast.guide("cai"), cast.guide("ben")],
        by=cast.ada, at=NOW,
    )  # fmt: skip
    wecom({"cai"})
    own.refresh_from_db()
    assert own.pushed_users == ["ben"] and own.trouble == ""


def test_she_comes_back_when_wecom_takes_her_a_day_later(cast: Cast, code: Code) -> None:
    wecom({"cai"})
    assert codes.retry_refused(after(hours=23)) == 0
    assert codes.retry_refused(after(days=1)) == 1
    assert wecom(set()) == [["ben", "cai", "dong"]]
    assert cast.guide("cai").contact_trouble == ""


def test_she_goes_again_when_wecom_still_refuses_her(cast: Cast, code: Code) -> None:
    wecom({"cai"})
    codes.retry_refused(after(days=1))
    assert wecom({"cai"}) == [["ben", "cai", "dong"], ["ben", "dong"], ["ben", "cai", "dong"], ["ben", "dong"]]
    assert cast.guide("cai").contact_trouble == "41054"


def test_the_answer_heard_twice_changes_nothing_more(cast: Cast, code: Code) -> None:
    wecom({"cai"})
    codes.answered(list(OutboundCall.objects.order_by("-pk")[:1]), NOW)
    code.refresh_from_db()
    assert (code.pushed_users, code.trouble) == (["ben", "dong"], "")
    assert not OutboundCall.objects.filter(answered_at=None).exists()


def test_a_code_left_with_nobody_falls_to_the_house_account(cast: Cast) -> None:
    HouseAccount.objects.create(store=cast.nanjing_road, guide=cast.guide("ben"))
    codes.create(
        store=cast.nanjing_road, kind="guide", name="蔡", guides=[cast.guide("cai")], by=cast.ada, at=NOW
    )  # fmt: skip
    assert wecom({"cai"}) == [["cai"], ["ben"]]
    assert not Alarm.objects.exists()


def test_without_a_house_account_an_alarm_sounds_and_ends(cast: Cast) -> None:
    code = codes.create(store=cast.nanjing_road, kind="guide", name="蔡", guides=[cast.guide("cai")], by=None, at=NOW)
    wecom({"cai"})
    code.refresh_from_db()
    assert code.trouble == Code.Trouble.NOBODY and Alarm.objects.get().kind == "code_without_guide"
    codes.retry_refused(after(days=1))
    wecom(set())
    code.refresh_from_db()
    assert (code.trouble, code.pushed_users) == ("", ["cai"]) and Alarm.objects.get().cleared_at


def test_what_is_not_about_a_person_blames_nobody(cast: Cast, code: Code) -> None:
    wecom({"cai"}, errcode=48002)
    code.refresh_from_db()
    assert code.trouble == Code.Trouble.REFUSED and not Guide.objects.exclude(contact_trouble="").exists()


def test_a_change_while_somebody_is_looked_for_is_told_in_the_end(cast: Cast, code: Code) -> None:
    codes.change(code, by=cast.ada, at=NOW + timedelta(seconds=1), name="橱窗")
    assert wecom({"cai"})[-1] == ["ben", "dong"]
    code.refresh_from_db()
    last = OutboundCall.objects.order_by("pk").last()
    assert last and last.request()["remark"] == "橱窗" and code.pushed == code.wanted
