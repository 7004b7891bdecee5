"""Reading WeCom: customers, group chats, tags and the roster, also when it fails, lags or shrinks."""

from datetime import timedelta

from guides import codes, roster
from guides.models import Code, GroupChat, Guide, Posting, Relation
from members.models import Identity, Member, MemberTag, Tag
from scrm.audit.models import Alarm
from scrm.wecom.models import OutboundCall
from tests.walks.conftest import House

LATER = timedelta(seconds=90)


def scanned(house: House, code: Code, name: str = "梅") -> str:
    mei = house.wx.customer(name=name)
    house.wx.scan(mei, config_id=code.config_id)
    house.work()
    return str(mei)


def test_a_remark_with_her_name_waits_until_she_is_read(house: House) -> None:
    code = house.a_code()
    codes.change(code, by=None, at=house.now, remark="{name}@{store}")
    house.work()
    scanned(house, code)
    assert not OutboundCall.objects.filter(api="externalcontact/remark")
    house.read()
    house.work(later=LATER)
    [call] = house.wx.calls("externalcontact/remark")
    assert OutboundCall.objects.get(api="externalcontact/remark").request()["remark"].startswith("梅@")
    assert call


def test_a_guides_own_tags_appear_after_the_edit_event(house: House) -> None:
    mei = scanned(house, house.a_code())
    vip = Tag.objects.get(name="VIP")
    house.wx.edit(mei, Relation.objects.get().guide.userid, tags=[vip.tag_id])
    house.work()
    house.read()
    assert MemberTag.objects.get().tag == vip


def test_a_read_that_fails_is_tried_again_and_nothing_is_lost(house: House) -> None:
    scanned(house, house.a_code())
    house.wx.faults.set(api=[{"path": "externalcontact/get", "errcode": -1, "times": 1}])
    house.read()
    assert Member.objects.get().name == "" and Identity.objects.get(kind="external_userid").read_due_at
    house.read(later=timedelta(minutes=5))
    assert Member.objects.get().name == "梅"


def test_a_list_that_lags_behind_a_guides_deletion_does_not_revive_her(house: House) -> None:
    mei = scanned(house, house.a_code())
    house.wx.faults.set(read_lag=3600)
    house.wx.delete(mei, Relation.objects.get().guide.userid, by="guide")
    house.work()
    house.read(later=timedelta(seconds=5))
    assert Relation.objects.get().state == "dropped"


def test_one_person_of_two_external_ids_is_known_by_her_unionid(house: House) -> None:
    from members import identities

    scanned(house, house.a_code())
    house.read()
    person = Identity.objects.get(kind="external_userid")
    other = Member.objects.create(created_at=house.now)
    twin = Identity.objects.create(member=other, kind="external_userid", corp=house.corp, value="wmTwin")
    union = Identity.objects.filter(kind="unionid").first()
    value = union.value if union else "union-of-mei"
    identities.learn(person, {"name": "梅", "unionid": value}, at=house.now)
    identities.learn(twin, {"name": "梅", "unionid": value}, at=house.now)
    other.refresh_from_db()
    assert other.same_person_as == person.member


def test_a_group_chat_is_read_after_its_event(house: House) -> None:
    owner = Guide.objects.filter(postings__ends_at=None)[0]
    house.wx.do("POST", "groups", owner=owner.userid, name="会员群")
    house.work()
    house.read()
    chat = GroupChat.objects.get()
    assert (chat.name, chat.owner, chat.store) == ("会员群", owner, owner.postings.get().store)
    house.wx.do("POST", f"groups/{chat.chat_id}/dismiss")
    house.work()
    chat.refresh_from_db()
    assert chat.dismissed_at and chat.read_due_at is None


def test_a_new_store_and_its_people_come_with_the_directorys_events(house: House) -> None:
    from stores.models import Region, Store

    parent = Region.objects.get(stores=house.a_store())
    number = int(parent.code.split("-")[1])
    made = house.wx.do("POST", "departments", name="新店", parent_id=number)
    house.wx.do("POST", "users", name="小新", department=made["id"], position="导购")
    house.work()
    house.read()
    store = Store.objects.get(name="新店")
    assert store.region == parent and Posting.objects.get(store=store).guide.name == "小新"


def test_a_roster_that_shrinks_suddenly_ends_nobodys_work(house: House) -> None:
    before = Posting.objects.filter(ends_at=None).count()
    reading = roster.read(house.corp)
    reading.staff.clear()
    roster.learn(house.corp, reading, at=house.now)
    assert Posting.objects.filter(ends_at=None).count() == before
    assert Alarm.objects.get().kind == "roster_shrank"


def test_a_roster_that_cannot_be_read_changes_nothing(house: House) -> None:
    house.wx.faults.set(api=[{"path": "user/list", "errcode": 48002, "times": 9}])
    assert not roster.sync(house.corp, at=house.now)
    assert Guide.objects.exclude(status="left").count() == Guide.objects.count()


def test_a_lost_answer_to_a_new_code_makes_no_second_code(house: House) -> None:
    house.wx.faults.set(api=[{"path": "externalcontact/add_contact_way", "lose_answer": True, "times": 1}])
    code = house.a_code()
    house.work(later=timedelta(minutes=3))
    code.refresh_from_db()
    assert len(house.wx.do("GET", "world")["contact_ways"]) == 1
    assert code.config_id == house.wx.do("GET", "world")["contact_ways"][0]["config_id"]


def test_a_departed_customer_keeps_her_history(house: House) -> None:
    code = house.a_code()
    mei = scanned(house, code)
    userid = Relation.objects.get().guide.userid
    house.wx.advance(60)
    house.wx.delete(mei, userid, by="customer")
    house.wx.advance(60)
    house.wx.add(mei, userid)
    house.work()
    assert list(Relation.objects.order_by("epoch").values_list("state", flat=True)) == ["lost", "live"]
