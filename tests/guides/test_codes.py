"""Channel codes, and what WeCom is told of them."""

from collections.abc import Sequence
from typing import Any

import pytest

from guides import codes, postings, roster
from guides.models import Code, Guide, HouseAccount
from scrm.audit.models import Alarm, Entry
from scrm.wecom.models import OutboundCall
from tests.cast import MEI, NOW, Cast, after

pytestmark = pytest.mark.django_db


def create(cast: Cast, kind: str = "store", guides: Sequence[Guide] = (), **more: Any) -> Code:
    return codes.create(store=cast.nanjing_road, kind=kind, name="收银台", guides=guides, by=cast.ben, at=NOW, **more)


def planned() -> list[tuple[str, dict[str, Any]]]:
    return [(c.api.rsplit("/", 1)[1], c.request()) for c in OutboundCall.objects.filter(state="planned").order_by("pk")]


def answer(state: str = "done", **result: Any) -> None:
    """WeCom answers every call that is out."""
    calls = list(OutboundCall.objects.filter(answered_at=None).order_by("pk"))
    for call in calls:
        call.state, call.answered_at, call.result = state, NOW, result
        call.errcode = result.get("errcode", 0)
        call.save()
    codes.answered(calls, NOW)


def test_a_stores_code_leads_to_all_who_work_there(cast: Cast) -> None:
    code = create(cast)
    [(api, body)] = planned()
    assert api == "add_contact_way" and body["user"] == ["ben", "cai"]
    assert body["state"] == code.state and len(code.state) <= 30 and body["type"] == 2


def test_a_code_for_one_guide_is_a_single_one(cast: Cast) -> None:
    create(cast, "guide", [cast.guide("cai")])
    [(_api, body)] = planned()
    assert (body["type"], body["user"]) == (1, ["cai"])


@pytest.mark.parametrize(
    ("kind", "names", "why"),
    [
        ("guide", [], "exactly one"),
        ("guide", ["ben", "cai"], "exactly one"),
        ("guides", [], "1 to 100"),
        ("store", ["cai"], "name no guides"),
        ("guide", ["dong"], "does not work"),
    ],
)
def test_what_cannot_be_is_said_in_words(cast: Cast, settings: Any, kind: str, names: list[str], why: str) -> None:
    from django.utils import translation

    with translation.override("en"), pytest.raises(codes.CannotBe, match=why):
        create(cast, kind, [cast.guide(name) for name in names])
    assert not Code.objects.exists() and not planned()


def test_the_config_id_survives_everything(cast: Cast) -> None:
    code = create(cast)
    answer(config_id="c" * 32, qr_code="https://example.com/q.png")
    codes.change(Code.objects.get(), by=cast.ben, at=NOW, name="橱窗")
    [(api, body)] = planned()
    assert (api, body["config_id"], body["remark"]) == ("update_contact_way", "c" * 32, "橱窗")
    answer()
    code.refresh_from_db()
    assert code.config_id == "c" * 32 and code.pushed == code.wanted == 2


def test_changes_made_while_the_first_answer_is_out_are_told_after_it(cast: Cast) -> None:
    code = create(cast)
    codes.change(code, by=cast.ben, at=NOW, skip_verify=False)
    assert [api for api, _ in planned()] == ["add_contact_way"]
    answer(config_id="c" * 32)
    assert [(api, body["skip_verify"]) for api, body in planned()] == [("update_contact_way", False)]


def test_a_code_deleted_while_it_is_being_made_is_deleted_at_wecom_too(cast: Cast) -> None:
    codes.delete(create(cast), by=cast.ben, at=NOW)
    answer(config_id="c" * 32)
    assert planned() == [("del_contact_way", {"config_id": "c" * 32})]


def test_wecom_is_told_only_when_the_set_of_guides_changed(cast: Cast) -> None:
    create(cast)
    answer(config_id="c" * 32)
    assert codes.follow([cast.nanjing_road.pk], at=NOW) == 0 and not planned()
    postings.post(cast.guide("dong"), to=cast.nanjing_road, at=NOW)
    assert codes.follow([cast.nanjing_road.pk], at=NOW) == 1
    assert planned()[0][1]["user"] == ["ben", "cai", "dong"]


def test_a_successor_takes_the_leavers_place(cast: Cast) -> None:
    code = create(cast, "guide", [cast.guide("cai")])
    answer(config_id="c" * 32)
    Guide.objects.filter(userid="cai").update(successor=cast.guide("ben"))
    roster.left([(cast.corp.pk, "cai", NOW)], at=NOW)
    assert [body["user"] for _, body in planned()] == [["ben"]]
    assert code.code_guides.get().guide == cast.guide("ben")


def test_without_a_successor_the_stores_house_account_does(cast: Cast) -> None:
    create(cast, "guide", [cast.guide("cai")])
    answer(config_id="c" * 32)
    HouseAccount.objects.create(store=cast.nanjing_road, guide=cast.guide("ben"))
    roster.left([(cast.corp.pk, "cai", NOW)], at=NOW)
    assert [body["user"] for _, body in planned()] == [["ben"]]


def test_a_code_that_leads_to_nobody_raises_an_alarm(cast: Cast) -> None:
    code = create(cast, "guide", [cast.guide("cai")])
    answer(config_id="c" * 32)
    roster.left([(cast.corp.pk, "cai", NOW)], at=NOW)
    code.refresh_from_db()
    assert code.trouble == Code.Trouble.NOBODY and Alarm.objects.get().kind == "code_without_guide"


def test_a_refusal_is_shown_and_a_later_change_tries_again(cast: Cast) -> None:
    code = create(cast)
    answer("failed", errcode=40058)
    code.refresh_from_db()
    assert code.trouble == Code.Trouble.REFUSED
    codes.change(code, by=cast.ben, at=after(minutes=1), name="橱窗")
    assert [api for api, _ in planned()] == ["add_contact_way"]


def test_before_a_deletion_one_sees_what_is_at_stake(cast: Cast) -> None:
    code = cast.code()
    codes.printed([code], by=cast.ben, at=NOW)
    cast.add(MEI, "cai", code=code)
    code.refresh_from_db()
    assert codes.at_stake(code, at=after(days=1)) == {"prints": 1, "recent_adds": 1}
    codes.delete(code, by=cast.ben, at=NOW)
    assert set(Entry.objects.values_list("verb", flat=True)) >= {"code.created", "code.printed", "code.deleted"}
    assert cast.add(MEI, "ben", code=code, at=after(days=2)).code == code
