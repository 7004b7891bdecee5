"""One customer's scan, from WeCom to the store's board."""

from datetime import timedelta

from campaigns.models import Welcome
from guides.models import Code, Guide, Relation
from members.models import Member, MemberTag, Tag
from scrm.wecom.models import Letter
from stores.models import Region, Store
from tests.walks.conftest import House


def test_the_brand_is_learnt_from_wecom(house: House) -> None:
    assert Store.objects.count() == 3 and Region.objects.count() == 3
    assert Guide.objects.filter(postings__is_manager=True).count() == 3
    assert all(guide.person for guide in Guide.objects.all())


def test_learning_it_twice_changes_nothing(house: House) -> None:
    from guides import roster
    from guides.models import Posting

    before = list(Posting.objects.order_by("pk").values())
    assert roster.sync(house.corp, at=house.now)
    assert list(Posting.objects.order_by("pk").values()) == before and Store.objects.count() == 3


def test_a_new_code_gets_its_config_id_and_wecoms_picture(house: House) -> None:
    code = house.a_code()
    assert len(code.config_id) == 32 and code.pushed == code.wanted
    assert bytes(code.qr_image or b"").startswith(b"\x89PNG")


def test_mei_scans_and_is_bound_greeted_named_and_tagged(house: House) -> None:
    vip = Tag.objects.get(name="VIP")
    code = house.a_code(tags=[vip])
    Welcome.objects.create(name="门店", text="您好，我是{guide}", store=code.store)
    mei = house.wx.customer(name="梅")
    house.wx.scan(mei, config_id=code.config_id)
    house.work()
    house.read()
    relation = Relation.objects.get()
    assert (relation.store, relation.code, relation.state) == (code.store, code, "live")
    assert Letter.objects.get().welcome == "sent"
    assert house.wx.messages()[0]["text"].startswith("您好，我是")
    assert Member.objects.get().name == "梅" and MemberTag.objects.get().tag == vip


def test_she_deletes_the_guide_and_a_read_does_not_revive_her(house: House) -> None:
    code = house.a_code()
    mei = house.wx.customer(name="梅")
    house.wx.scan(mei, config_id=code.config_id)
    house.work()
    userid = Relation.objects.get().guide.userid
    house.wx.advance(300)
    house.wx.delete(mei, userid, by="customer")
    house.work()
    house.read(later=timedelta(hours=1))
    assert Relation.objects.get().state == "lost"


def test_a_leaver_makes_room_in_her_stores_code_and_loses_her_seat(house: House) -> None:
    code = house.a_code()
    leaver = Guide.objects.filter(postings__store=code.store, postings__is_manager=False)[0]
    house.wx.do("POST", f"users/{leaver.userid}/leave")
    house.work()
    leaver.refresh_from_db()
    code.refresh_from_db()
    assert leaver.status == "left" and not leaver.person.seats.filter(ends_at=None)
    assert code.pushed == code.wanted == 2 and leaver.userid not in code.pushed_users
    assert code.config_id == Code.objects.get().config_id


def test_a_deleted_code_is_gone_at_wecom(house: House) -> None:
    from guides import codes

    code = house.a_code()
    codes.delete(code, by=None, at=house.now)
    house.work()
    code.refresh_from_db()
    assert code.pushed == code.wanted
    assert not house.wx.do("GET", "world")["contact_ways"]
