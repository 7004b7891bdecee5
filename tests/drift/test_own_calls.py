"""Our own calls bring no callback: their answers are written into our rows, and syncs bring what others changed."""

from datetime import timedelta
from typing import Any

import pytest

from guides import codes, notes
from guides.models import Code, Note, Relation
from members.models import Identity, MemberTag, Tag
from scrm import clock
from scrm.wecom import calls
from scrm.wecom.client import client_for
from scrm.wecom.models import OutboundCall
from tests.drift.conftest import Town


@pytest.fixture
def pair(town: Town) -> dict[str, str]:
    """Mei, whom a guide has as her customer; nothing more is heard of the two."""
    code = town.house.a_code()
    mei = town.wx.customer(name="梅")
    town.wx.scan(mei, config_id=code.config_id)
    town.house.work()
    town.wx.faults.set(drop=True)
    return {"userid": Relation.objects.get().guide.userid, "external_userid": mei}


def tell(town: Town, api: str, **body: Any) -> OutboundCall:
    """A call of the product's, made and answered."""
    planned = calls.plan(town.house.corp, f"externalcontact/{api}", body, key=None, at=clock.now())
    town.travel.shift(timedelta(seconds=1))
    town.house.work()
    return OutboundCall.objects.get(pk=planned.pk)


def tell_again(*heard: OutboundCall) -> None:
    """Whoever listens hears these answers once more."""
    OutboundCall.objects.filter(pk__in=[call.pk for call in heard]).update(told_at=None)
    assert calls.tell(clock.now()) == len(heard)


def vip() -> Tag:
    return Tag.objects.get(name="VIP")


def test_what_a_code_puts_on_customers_stands_in_our_rows_without_any_callback(town: Town) -> None:
    code = town.house.a_code(tags=[vip()])
    codes.change(code, by=None, at=clock.now(), remark="老客@{store}")
    town.house.work()
    town.wx.scan(town.wx.customer(name="梅"), config_id=code.config_id)
    before = len(town.wx.letters())
    town.house.work()
    assert MemberTag.objects.get().tag == vip() and Note.objects.get().remark.startswith("老客@")
    assert len(town.wx.letters()) == before, "WeCom has told us of the add alone"


def test_a_remark_of_ours_is_our_note_at_once(town: Town, pair: dict[str, str]) -> None:
    tell(town, "remark", **pair, remark="老客", remark_company="花店", remark_mobiles=["13800000001"])
    note = Note.objects.get()
    assert (note.remark, note.company, notes.phones_of(note)) == ("老客", "花店", ["13800000001"])
    tell(town, "remark", **pair, remark_mobiles=[""])
    note.refresh_from_db()
    assert (note.remark, notes.phones_of(note)) == ("老客", [])


def test_tags_of_ours_are_put_on_and_taken_off_at_once(town: Town, pair: dict[str, str]) -> None:
    tell(town, "mark_tag", **pair, add_tag=[vip().tag_id])
    assert MemberTag.objects.get().tag == vip()
    tell(town, "mark_tag", **pair, remove_tag=[vip().tag_id])
    assert not MemberTag.objects.exists()


def test_an_answer_that_is_told_twice_changes_nothing(town: Town, pair: dict[str, str]) -> None:
    told = [
        tell(town, "remark", **pair, remark="老客"),
        tell(town, "mark_tag", **pair, add_tag=[vip().tag_id]),
    ]
    before = Note.objects.values().get(), MemberTag.objects.values().get()
    town.travel.shift(timedelta(hours=1))
    tell_again(*told)
    assert (Note.objects.values().get(), MemberTag.objects.values().get()) == before


def test_an_answer_that_is_told_after_a_later_reading_does_not_undo_it(town: Town, pair: dict[str, str]) -> None:
    late = tell(town, "mark_tag", **pair, add_tag=[vip().tag_id])
    town.wx.edit(pair["external_userid"], pair["userid"], tags=[])  # the guide takes it off; her letter is lost
    town.travel.shift(timedelta(hours=1))
    town.sync()
    assert not MemberTag.objects.exists()
    tell_again(late)
    assert not MemberTag.objects.exists()
    assert Identity.objects.get(kind="external_userid").read_due_at, "she is read once more to make sure"


@pytest.mark.parametrize("api", ["remark", "mark_tag"])
def test_an_answer_that_got_lost_is_asked_for_again_and_written_down(
    town: Town, pair: dict[str, str], api: str
) -> None:
    town.wx.faults.set(api=[{"path": api, "lose_answer": True, "times": 1}])
    body: dict[str, Any] = {"remark": "老客"} if api == "remark" else {"add_tag": [vip().tag_id]}
    call = tell(town, api, **pair, **body)
    town.travel.shift(timedelta(minutes=1))
    town.house.work()
    call.refresh_from_db()
    assert call.state == "done" and call.attempts == 2
    assert Note.objects.exists() if api == "remark" else MemberTag.objects.exists()


def test_a_code_whose_answer_got_lost_is_looked_up_and_pushed(town: Town) -> None:
    town.wx.faults.set(api=[{"path": "add_contact_way", "lose_answer": True, "times": 1}])
    code = town.house.a_code()
    assert not code.config_id
    town.travel.shift(timedelta(minutes=2))
    town.house.work()
    code.refresh_from_db()
    [way] = town.wx.do("GET", "world")["contact_ways"]
    assert (code.config_id, code.pushed) == (way["config_id"], code.wanted)


def test_answers_about_a_code_that_come_late_do_not_set_it_back(town: Town) -> None:
    code = town.house.a_code()
    for name in ("橱窗", "门口"):
        codes.change(Code.objects.get(), by=None, at=clock.now(), name=name)
        town.house.work()
    older = OutboundCall.objects.filter(api__endswith="update_contact_way").earliest("pk")
    tell_again(older)
    town.house.work()
    code.refresh_from_db()
    assert code.pushed == code.wanted
    assert (
        client_for(town.house.corp).externalcontact.get_contact_way(code.config_id)["contact_way"]["remark"] == "门口"
    )


def test_a_pair_that_is_none_any_more_is_read_again(town: Town, pair: dict[str, str]) -> None:
    Identity.objects.update(read_due_at=None)
    town.wx.delete(pair["external_userid"], pair["userid"], by="guide")
    tell(town, "remark", **pair, remark="老客")
    assert not Note.objects.exists() and Identity.objects.get(kind="external_userid").read_due_at


def test_what_another_app_changes_comes_with_the_next_sync(town: Town, pair: dict[str, str]) -> None:
    there = client_for(town.house.corp).externalcontact
    there.mark_tag(**pair, add_tag=[vip().tag_id])
    there.remark(**pair, remark="别的系统")
    town.travel.shift(timedelta(minutes=5))
    town.house.work()
    assert not MemberTag.objects.exists() and not Note.objects.filter(remark="别的系统").exists()
    town.sync()
    assert MemberTag.objects.get().tag == vip() and Note.objects.get().remark == "别的系统"


def test_phone_numbers_alone_come_with_the_next_sync(town: Town, pair: dict[str, str]) -> None:
    town.wx.faults.set(drop=False)
    town.wx.world.switches.turn(phone_edits=False)
    before = len(town.wx.letters())
    town.wx.edit(pair["external_userid"], pair["userid"], phones=["13900000002"])
    town.travel.shift(timedelta(minutes=5))
    town.house.work()
    assert len(town.wx.letters()) == before
    town.sync()
    assert notes.phones_of(Note.objects.get()) == ["13900000002"]


def test_personal_tags_and_tags_of_other_apps_break_nothing(town: Town, pair: dict[str, str]) -> None:
    relation = town.wx.corp.relations[pair["userid"].lower(), pair["external_userid"]]
    relation.tags, relation.personal_tags = [vip().tag_id, "st" + "x" * 30], ["爱喝茶"]
    town.travel.shift(timedelta(minutes=5))
    town.sync()
    town.house.read()
    assert MemberTag.objects.get().tag == vip()


def test_an_old_refusal_that_comes_late_is_no_trouble(town: Town) -> None:
    code = town.house.a_code()
    town.wx.faults.set(api=[{"path": "update_contact_way", "errcode": 41042, "times": 1}])
    for name in ("橱窗", "门口"):
        codes.change(Code.objects.get(), by=None, at=clock.now(), name=name)
        town.house.work()
    refused = OutboundCall.objects.filter(api__endswith="update_contact_way").earliest("pk")
    assert refused.state == "failed"
    tell_again(refused)
    code.refresh_from_db()
    assert code.trouble == "" and code.pushed == code.wanted
