"""The sync's phase for codes: ours compared, others' taken in, lost ones found, vanished ones told of."""

from typing import Any

import pytest

from guides import adoptions, codes, ways
from guides.models import Code, Guide, Sync
from scrm import clock
from scrm.audit.models import Alarm, Entry
from scrm.wecom.client import client_for
from scrm.wecom.models import OutboundCall
from tests.drift.conftest import Town


def api(town: Town) -> Any:
    return client_for(town.house.corp).externalcontact


def pushed(town: Town) -> list[str]:
    """What WeCom is told of codes by what is planned now."""
    made = [call.api.rsplit("/", 1)[1] for call in OutboundCall.objects.filter(state="planned")]
    town.house.work()
    return made


def able(town: Town, count: int = 2) -> list[str]:
    """The userids of guides of one store."""
    store = town.house.a_store()
    here = Guide.objects.filter(postings__store=store, postings__ends_at=None, can_contact=True, status="active")
    return list(here.order_by("userid").values_list("userid", flat=True)[:count])


def others_way(town: Town, **more: Any) -> str:
    """A contact way that another system made."""
    body = {"type": 2, "scene": 2, "remark": "官网", "state": "site-1", "user": able(town), **more}
    return str(api(town).add_contact_way(**body)["config_id"])


def counters(sync: Sync) -> dict[str, Any]:
    assert sync.state == Sync.State.DONE, sync.counters
    return dict(sync.counters["codes"])


def test_a_code_that_is_as_we_want_it_is_left_alone(town: Town) -> None:
    code = town.house.a_code()
    assert "differed" not in counters(town.sync()) and pushed(town) == []
    code.refresh_from_db()
    assert code.wanted == code.pushed and not code.trouble


@pytest.mark.parametrize("change", [{"remark": "别的"}, {"skip_verify": False}, {"state": "other"}, {"user": None}])
def test_a_code_that_somebody_changed_at_wecom_is_told_again(town: Town, change: dict[str, Any]) -> None:
    code = town.house.a_code()
    if "user" in change:
        change = {"user": able(town, 1)}
    api(town).update_contact_way(config_id=code.config_id, **change)
    assert counters(town.sync())["differed"] == 1 and pushed(town) == ["update_contact_way"]
    way = api(town).get_contact_way(code.config_id)["contact_way"]
    code.refresh_from_db()
    assert not ways.differs(code, way) and "differed" not in counters(town.sync())


def test_a_code_that_is_gone_is_in_trouble_and_not_made_again_by_itself(town: Town) -> None:
    code = town.house.a_code()
    api(town).del_contact_way(code.config_id)
    assert counters(town.sync())["gone"] == 1 and counters(town.sync())["gone"] == 1
    codes.follow([code.store_id], at=clock.now())
    codes.change(code, by=None, at=clock.now(), name="橱窗")
    code.refresh_from_db()
    assert code.trouble == "gone" and pushed(town) == []
    assert Alarm.objects.get(kind="code_gone", cleared_at=None).subject == code.public_id


def test_a_person_has_it_made_again_under_a_new_config_id(town: Town) -> None:
    code = town.house.a_code()
    api(town).del_contact_way(code.config_id)
    town.sync()
    made = ways.remake(code, by=None, at=clock.now())
    assert pushed(town) == ["add_contact_way"]
    made.refresh_from_db()
    assert made.config_id not in ("", code.config_id) and made.state == code.state and not made.trouble
    assert Entry.objects.get(verb="code.remade").detail["lost"] == code.config_id
    assert not Alarm.objects.filter(kind="code_gone", cleared_at=None).exists()
    with pytest.raises(ways.IsThere):
        ways.remake(made, by=None, at=clock.now())


def test_an_update_that_wecom_answers_with_gone_says_so_at_once(town: Town) -> None:
    code = town.house.a_code()
    api(town).del_contact_way(code.config_id)
    codes.change(code, by=None, at=clock.now(), name="橱窗")
    town.house.work()
    code.refresh_from_db()
    assert code.trouble == "gone"


def test_a_code_whose_making_was_never_answered_is_found_by_its_state(town: Town) -> None:
    code = town.house.a_code()
    config_id = code.config_id
    Code.objects.filter(pk=code.pk).update(config_id="", pushed=0, trouble="refused", qr_url="", qr_image=None)
    assert counters(town.sync())["found"] == 1
    town.house.work()
    code.refresh_from_db()
    assert (code.config_id, code.trouble, code.pushed == code.wanted) == (config_id, "", True) and code.qr_image


def test_a_second_way_with_our_state_is_an_alarm_and_no_second_code(town: Town) -> None:
    code = town.house.a_code()
    others_way(town, state=code.state)
    assert counters(town.sync())["twice"] == 1 and Code.objects.count() == 1
    assert Alarm.objects.get(kind="code_twice").subject == code.public_id


def test_a_deletion_that_was_lost_is_told_again(town: Town) -> None:
    code = town.house.a_code()
    codes.delete(code, by=None, at=clock.now())
    OutboundCall.objects.filter(api__endswith="del_contact_way").update(state="failed", answered_at=clock.now())
    Code.objects.filter(pk=code.pk).update(pushed=2)
    town.sync()
    assert pushed(town) == ["del_contact_way"]
    assert api(town).list_contact_way()["contact_way"] == []


def test_what_another_system_made_becomes_a_code_of_the_store_of_its_guides(town: Town) -> None:
    config_id = others_way(town)
    assert counters(town.sync())["adopted"] == 1 and pushed(town) == []
    code = Code.objects.get(config_id=config_id)
    assert (code.store, code.name, code.state, code.origin) == (town.house.a_store(), "官网", "site-1", "found")
    assert sorted(stand.guide.userid for stand in code.code_guides.all()) == able(town) and not code.hands_off
    assert "adopted" not in counters(town.sync())


def test_customers_of_a_code_that_was_taken_in_count_for_it(town: Town) -> None:
    others_way(town)
    town.sync()
    town.wx.scan(town.wx.customer(name="梅"), state="site-1")
    town.house.work()
    assert Code.objects.get(state="site-1").relations.count() == 1


def test_its_maker_goes_on_changing_it_and_we_follow(town: Town) -> None:
    config_id = others_way(town)
    town.sync()
    api(town).update_contact_way(config_id=config_id, remark="新官网", user=able(town, 1))
    codes.follow([town.house.a_store().pk], at=clock.now())
    assert counters(town.sync())["followed"] == 1 and pushed(town) == []
    code = Code.objects.get(config_id=config_id)
    assert code.name == "新官网" and [stand.guide.userid for stand in code.code_guides.all()] == able(town, 1)
    api(town).del_contact_way(config_id)
    assert counters(town.sync())["deleted_there"] == 1
    code.refresh_from_db()
    assert code.deleted_at and not Alarm.objects.filter(kind="code_gone").exists()


def test_who_changes_it_here_takes_it_over(town: Town) -> None:
    config_id = others_way(town)
    town.sync()
    codes.change(Code.objects.get(), by=None, at=clock.now(), name="门口")
    assert pushed(town) == ["update_contact_way"]
    code = Code.objects.get()
    assert code.origin == "taken" and api(town).get_contact_way(config_id)["contact_way"]["remark"] == "门口"
    api(town).update_contact_way(config_id=config_id, remark="官网")
    assert counters(town.sync())["differed"] == 1


def test_what_wecom_lets_only_its_maker_change_goes_back_to_being_watched(town: Town) -> None:
    others_way(town)
    town.sync()
    town.wx.faults.set(api=[{"path": "update_contact_way", "errcode": 60011, "times": 1}])
    codes.change(Code.objects.get(), by=None, at=clock.now(), name="门口")
    town.house.work()
    code = Code.objects.get()
    assert (code.origin, code.hands_off, code.trouble, code.wanted == code.pushed) == ("found", "refused", "", True)
    with pytest.raises(codes.CannotBe):
        codes.change(code, by=None, at=clock.now(), name="门口")


@pytest.mark.parametrize(
    ("more", "why"),
    [({"is_temp": True}, "temporary"), ({"party": [1]}, "departments"), ({"user": ["nobody-of-ours"]}, "strangers")],
)
def test_what_our_form_could_not_keep_is_not_ours_to_change(town: Town, more: dict[str, Any], why: str) -> None:
    there = {"config_id": "c" * 32, "type": 2, "scene": 2, "remark": "", "state": "", "user": able(town)}
    way = {**there, **more, "user": [*able(town), *more.get("user", [])]}
    adoptions.settle(town.house.corp, {"c" * 32: way}, [], at=clock.now())
    code = Code.objects.get()
    assert code.hands_off == why and code.state != "" and code.name == "WeCom cccccc"
    for verb in (codes.delete, codes.change):
        with pytest.raises(codes.CannotBe):
            verb(code, by=None, at=clock.now())


def test_a_code_of_guides_without_a_store_waits_and_is_told_of(town: Town) -> None:
    others_way(town)
    Guide.objects.get(userid=able(town, 1)[0]).postings.update(ends_at=clock.now())
    userids = able(town)
    for userid in userids:
        Guide.objects.get(userid=userid).postings.update(ends_at=clock.now())
    done = adoptions.settle(town.house.corp, {"c" * 32: {"type": 2, "user": userids, "state": "x"}}, [], at=clock.now())
    assert done == {"without_store": 1} and not Code.objects.exists()


def test_a_list_that_comes_empty_ends_no_code(town: Town) -> None:
    code = town.house.a_code()
    town.wx.faults.set(empty_lists=50)
    town.sync()
    code.refresh_from_db()
    assert not code.trouble and code.deleted_at is None


def test_near_wecoms_ceiling_an_alarm_sounds_and_below_it_ends(town: Town) -> None:
    adoptions.sound_ceiling(town.house.corp, 399_999, at=clock.now())
    assert not Alarm.objects.filter(kind="code_ceiling").exists()
    adoptions.sound_ceiling(town.house.corp, 400_000, at=clock.now())
    assert Alarm.objects.get(kind="code_ceiling").detail["codes"] == 400_000
    adoptions.sound_ceiling(town.house.corp, 10, at=clock.now())
    assert Alarm.objects.get(kind="code_ceiling").cleared_at
