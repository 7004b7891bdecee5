"""HQ changes WeCom's tags, people change them there, and both sides end the same."""

from datetime import timedelta
from typing import Any

import pytest

from members import libraries, tagchanges, taglives
from members.models import Tag, TagChange, TagGroup, TagLibrary
from members.tagchanges import CannotBe
from scrm import clock
from scrm.wecom.models import OutboundCall
from tests.tags.conftest import Tags

State = TagChange.State


def create(shelf: Tags, *names: str, group: str = "门店", **more: Any) -> TagChange:
    return tagchanges.create(shelf.corp, names, group_name=group, by=None, at=clock.now(), **more)


def edit(shelf: Tags, which: str, **wanted: Any) -> TagChange | None:
    return tagchanges.edit(shelf.tag(which), by=None, at=clock.now(), **wanted)


def delete(shelf: Tags, name: str) -> TagChange:
    return tagchanges.delete(shelf.tag(name), by=None, at=clock.now())


def there(shelf: Tags, method: str, path: str, **body: Any) -> Any:
    """Somebody acts in WeCom's own console."""
    return shelf.town.wx.do(method, path, **body)


def same(shelf: Tags) -> None:
    ours, theirs = shelf.places()
    assert shelf.ours() == shelf.theirs() and ours == theirs


def test_tags_that_hq_makes_are_wecoms(shelf: Tags) -> None:
    change = create(shelf, "静安", "徐汇")
    assert shelf.theirs().get("门店") is None, "nothing is asked of WeCom within the request"
    shelf.work()
    change.refresh_from_db()
    assert change.state == State.DONE and shelf.theirs()["门店"] == shelf.ours()["门店"] == ["徐汇", "静安"]
    same(shelf)


def test_a_tag_is_renamed_moved_and_deleted(shelf: Tags) -> None:
    create(shelf, "静安", "徐汇", "浦东")
    shelf.work()
    edit(shelf, "静安", name="静安寺")
    tagchanges.order([shelf.tag(n) for n in ("浦东", "静安", "徐汇")], by=None, at=clock.now())
    delete(shelf, "徐汇")
    shelf.work(rounds=30)
    same(shelf)
    assert shelf.theirs()["门店"] == ["浦东", "静安寺"]
    listed = [t["name"] for g in libraries.client_for(shelf.corp).externalcontact.get_corp_tag_list()["tag_group"]
              for t in g["tag"] if g["group_name"] == "门店"]  # fmt: skip
    assert listed == ["浦东", "静安寺"]


def test_a_group_is_renamed_and_goes_with_its_last_tag(shelf: Tags) -> None:
    create(shelf, "静安")
    shelf.work()
    tagchanges.edit(shelf.group("门店"), name="商圈", by=None, at=clock.now())
    shelf.work()
    assert "商圈" in shelf.theirs()
    delete(shelf, "静安")
    shelf.work()
    assert "商圈" not in shelf.ours()
    same(shelf)


def test_a_whole_group_goes(shelf: Tags) -> None:
    create(shelf, "静安", "徐汇")
    shelf.work()
    tagchanges.delete(shelf.group("门店"), by=None, at=clock.now())
    shelf.work()
    assert "门店" not in shelf.ours()
    same(shelf)


def test_a_tag_of_somebody_else_is_refused_once_and_then_left_alone(shelf: Tags) -> None:
    change = edit(shelf, "VIP", name="贵宾")
    shelf.work()
    assert change
    change.refresh_from_db()
    assert (change.state, change.errcode, shelf.tag("VIP").is_foreign) == (State.REFUSED, 81011, True)
    with pytest.raises(CannotBe) as why:
        edit(shelf, "VIP", name="贵宾")
    assert why.value.code == "foreign"
    same(shelf)


@pytest.mark.parametrize(
    ("names", "code"),
    [(["静安"], "name_taken"), ([" "], "nothing"), (["长" * 31], "too_long"), (["a\x00"], "no_name"),
     ([str(n) for n in range(101)], "too_many_at_once")],
)  # fmt: skip
def test_what_wecom_would_refuse_is_not_asked(shelf: Tags, names: list[str], code: str) -> None:
    create(shelf, "静安")
    shelf.work()
    with pytest.raises(CannotBe) as why:
        tagchanges.create(shelf.corp, names, group=shelf.group("门店"), by=None, at=clock.now())
    assert why.value.code == code
    with pytest.raises(CannotBe) as why:
        create(shelf, "新的")
    assert why.value.code == "group_exists"


def test_a_library_that_is_full_takes_no_more(shelf: Tags, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagchanges, "MOST_TAGS", 6)
    create(shelf, "静安")  # the sandbox has five of its own
    with pytest.raises(CannotBe) as why:
        create(shelf, "徐汇")
    assert why.value.code == "library_full"


def test_a_lost_answer_makes_no_second_tag(shelf: Tags) -> None:
    shelf.town.wx.faults.set(api=[{"path": "add_corp_tag", "times": 1, "lose_answer": True}])
    change = create(shelf, "静安", "徐汇")
    shelf.work(rounds=20)
    change.refresh_from_db()
    call = OutboundCall.objects.get(key=f"tagchange:{change.pk}")
    assert call.in_doubt and change.state == State.DONE
    assert shelf.theirs()["门店"] == ["徐汇", "静安"]
    same(shelf)


def test_lost_answers_of_renames_and_deletions_do_no_harm(shelf: Tags) -> None:
    create(shelf, "静安", "徐汇")
    shelf.work()
    lost = {"errcode": 0, "times": 1, "lose_answer": True}
    shelf.town.wx.faults.set(api=[{"path": "edit_corp_tag", **lost}, {"path": "del_corp_tag", **lost}])
    renamed, gone = edit(shelf, "静安", name="静安寺"), delete(shelf, "徐汇")
    shelf.work(rounds=30)
    assert renamed and shelf.theirs()["门店"] == ["静安寺"]
    for change in (renamed, gone):
        change.refresh_from_db()
        assert change.state == State.DONE
    same(shelf)


def test_a_name_given_there_after_ours_stays_and_one_given_before_is_overwritten(shelf: Tags) -> None:
    create(shelf, "静安")
    shelf.work()
    tag = shelf.tag("静安")
    edit(shelf, "静安", name="静安寺")
    there(shelf, "POST", f"tags/{tag.tag_id}", name="静安区")  # before our call leaves
    shelf.work()
    assert shelf.ours()["门店"] == shelf.theirs()["门店"] == ["静安寺"]
    there(shelf, "POST", f"tags/{tag.tag_id}", name="静安区")
    shelf.work()
    assert shelf.ours()["门店"] == ["静安区"]
    same(shelf)


def test_a_tag_that_is_only_moved_keeps_the_name_it_was_given_there(shelf: Tags) -> None:
    create(shelf, "静安", "徐汇")
    shelf.work()
    tag = shelf.tag("静安")
    tagchanges.edit(tag, rank=9, by=None, at=clock.now())
    there(shelf, "POST", f"tags/{tag.tag_id}", name="静安区")
    shelf.work()
    assert shelf.tag("静安区").rank == 9
    same(shelf)


def test_a_tag_deleted_there_while_we_rename_it_is_gone(shelf: Tags) -> None:
    create(shelf, "静安", "徐汇")
    shelf.work()
    tag = shelf.tag("静安")
    change = edit(shelf, "静安", name="静安寺")
    there(shelf, "DELETE", f"tags/{tag.tag_id}")
    shelf.work()
    assert change
    change.refresh_from_db()
    assert (change.state, change.errcode) == (State.REFUSED, 40068)
    same(shelf)
    with pytest.raises(CannotBe):
        tagchanges.edit(Tag.objects.get(pk=tag.pk), name="x", by=None, at=clock.now())


def test_a_tag_that_somebody_else_made_meanwhile_counts_as_made(shelf: Tags) -> None:
    change = create(shelf, "静安")
    there(shelf, "POST", "tags", group="门店", name="静安")
    shelf.work()
    change.refresh_from_db()
    assert change.state == State.DONE and shelf.theirs()["门店"] == ["静安"]
    same(shelf)


def test_a_shuffle_is_read(shelf: Tags) -> None:
    there(shelf, "POST", "tags/shuffle")
    shelf.work()
    same(shelf)


def test_a_burst_is_read_once(shelf: Tags) -> None:
    shelf.work()
    before = _reads(shelf)
    for n in range(20):
        there(shelf, "POST", "tags", group="门店", name=f"第{n}店")
    shelf.work(rounds=4, seconds=3)
    assert _reads(shelf) - before == 1
    same(shelf)


def _reads(shelf: Tags) -> int:
    return len(shelf.town.wx.calls("get_corp_tag_list"))


def test_what_is_told_while_the_library_is_read_has_it_read_again(shelf: Tags, monkeypatch: pytest.MonkeyPatch) -> None:
    learn = libraries.learn

    def interrupted(*args: Any, **more: Any) -> None:
        learn(*args, **more)
        libraries.library_changed([shelf.corp.pk], at=clock.now())

    libraries.library_changed([shelf.corp.pk], at=clock.now() - timedelta(minutes=1))
    monkeypatch.setattr(libraries, "learn", interrupted)
    libraries.read_due(clock.now())
    assert TagLibrary.objects.get().read_due_at


def test_a_tag_in_use_is_not_deleted(shelf: Tags) -> None:
    create(shelf, "静安")
    shelf.work()
    shelf.town.house.a_code(tags=[shelf.tag("静安")])
    with pytest.raises(taglives.InUse) as why:
        delete(shelf, "静安")
    assert [use.name for use in why.value.uses] == ["收银台"]
    with pytest.raises(taglives.InUse):
        tagchanges.delete(shelf.group("门店"), by=None, at=clock.now())
    shelf.work()
    assert shelf.theirs()["门店"] == ["静安"]


def test_a_deletion_asked_twice_is_one(shelf: Tags) -> None:
    create(shelf, "静安", "徐汇")
    shelf.work()
    assert delete(shelf, "静安") == delete(shelf, "静安")
    shelf.work()
    assert TagChange.objects.filter(kind="delete").count() == 1


STORM = [
    {"drop": 0.3, "duplicate": 0.3, "reorder": 0.5, "reorder_seconds": 0.2},
    {"api": [{"path": "corp_tag", "errcode": 45035, "times": 0.3}]},
    {
        "api": [
            {"path": "corp_tag", "errcode": -1, "times": 0.2},
            {"path": "corp_tag", "times": 0.3, "lose_answer": True},
        ]
    },
]


@pytest.mark.parametrize("faults", STORM)
def test_through_faults_both_sides_end_the_same(shelf: Tags, faults: dict[str, Any]) -> None:
    shelf.town.wx.faults.set(**faults)
    create(shelf, "静安", "徐汇", "浦东")
    shelf.work(rounds=40, seconds=30)
    there(shelf, "POST", "tags", group="来自后台", name="甲")
    for name, other in (("静安", "静安寺"), ("徐汇", "徐家汇")):
        edit(shelf, name, name=other)
    tagchanges.order([shelf.tag(n) for n in ("浦东", "静安", "徐汇")], by=None, at=clock.now())
    delete(shelf, "浦东")
    shelf.work(rounds=60, seconds=30)
    shelf.town.wx.faults.clear()
    libraries.library_changed([shelf.corp.pk], at=clock.now())  # as each night's sync does, for letters that were lost
    shelf.work()
    assert shelf.theirs()["门店"] == ["徐家汇", "静安寺"]
    same(shelf)
    assert not TagChange.objects.exclude(state=State.DONE).exists()


def test_two_groups_of_one_name_are_not_made(shelf: Tags) -> None:
    create(shelf, "静安")
    create(shelf, "徐汇")
    shelf.work()
    assert TagGroup.objects.filter(name="门店").count() == 1
    same(shelf)
