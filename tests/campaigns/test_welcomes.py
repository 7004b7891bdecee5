"""What a customer is told in the seconds after her scan."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from campaigns import welcomes
from campaigns.models import Attachment, Upload, Welcome
from guides import postings
from guides.models import Code, Guide
from scrm.audit.models import Alarm
from scrm.wecom.events import ContactAdded, Received
from tests.cast import NOW, OPENED, Cast


def scan(cast: Cast, *, letter: int = 1, userid: str = "cai", state: str = "") -> Received[Any]:
    event = ContactAdded(userid=userid, external_userid="wm1", state=state, welcome_code="code", at=NOW)
    return Received(letter_id=letter, digest=b"", corp_id=cast.corp.pk, event=event, received_at=NOW)


def said(cast: Cast, **how: Any) -> str | None:
    body = welcomes.compose([scan(cast, **how)])[1]
    return body["text"]["content"] if body else None


@pytest.fixture
def three(cast: Cast) -> Cast:
    Welcome.objects.create(name="brand", text="欢迎来到{brand}")
    Welcome.objects.create(name="store", text="{store}的{guide}欢迎你", store=cast.nanjing_road)
    return cast


@pytest.fixture
def till(three: Cast) -> Code:
    code = three.code()
    Welcome.objects.create(name="code", text="收银台见，{guide}", code=code)
    return code


def test_the_nearest_welcome_is_said(three: Cast, till: Code) -> None:
    assert said(three, state=till.state) == "收银台见，Cai"
    assert said(three) == "南京路店的Cai欢迎你"
    assert said(three, userid="dong", state=three.code(three.xujiahui).state) == "欢迎来到掌柜茶饮"


def test_a_welcome_out_of_use_is_not_said(three: Cast, till: Code) -> None:
    Welcome.objects.filter(name="code").update(active=False)
    assert said(three, state=till.state) == "南京路店的Cai欢迎你"


def test_nothing_is_said_where_nothing_is_written(cast: Cast) -> None:
    assert welcomes.compose([scan(cast)]) == {1: None}
    assert welcomes.compose([]) == {}


def test_a_stranger_speaks_for_the_brand(three: Cast) -> None:
    assert said(three, userid="nobody", state="unknown") == "欢迎来到掌柜茶饮"


def test_a_guide_of_two_stores_speaks_for_the_brand(three: Cast) -> None:
    postings.post(three.guide("cai"), to=three.xujiahui, at=OPENED)
    assert said(three) == "欢迎来到掌柜茶饮"


def test_userids_are_the_same_in_capitals(three: Cast) -> None:
    assert said(three, userid="CAI") == "南京路店的Cai欢迎你"


def test_a_guide_without_a_name_is_your_guide(three: Cast) -> None:
    new = Guide.objects.create(corp=three.corp, userid="new")
    postings.post(new, to=three.nanjing_road, at=OPENED)
    assert said(three, userid="new") == "南京路店的您的专属导购欢迎你"


def test_another_corps_state_is_no_state(three: Cast, till: Code) -> None:
    elsewhere = replace(scan(three, state=till.state), corp_id=three.corp.pk + 1)
    assert welcomes.compose([elsewhere])[1] == {"text": {"content": "欢迎来到掌柜茶饮"}}


def test_a_batch_costs_no_more_queries_than_one(three: Cast, till: Code, django_assert_max_num_queries: Any) -> None:
    batch = [scan(three, letter=n, state=till.state if n % 2 else "") for n in range(50)]
    with django_assert_max_num_queries(8):
        assert len(welcomes.compose(batch)) == 50


def picture(three: Cast, **fields: Any) -> Attachment:
    welcome = Welcome.objects.get(name="brand")
    return Attachment.objects.create(welcome=welcome, kind="image", picture=b"bytes", **fields)


def hold(attachment: Attachment, cast: Cast, **fields: Any) -> None:
    row = {"digest": attachment.picture_digest, "media_id": "M1", "expires_at": NOW + timedelta(hours=1), "due_at": NOW}
    Upload.objects.create(attachment=attachment, corp=cast.corp, **{**row, **fields})


def test_attachments_follow_in_their_order(three: Cast) -> None:
    hold(picture(three, rank=2), three)
    link = {"kind": "link", "title": "新品", "url": "https://example.com/new", "rank": 1}
    Attachment.objects.create(welcome=Welcome.objects.get(name="brand"), **link)
    body = welcomes.compose([scan(three, userid="dong")])[1]
    assert body is not None
    assert body["attachments"] == [
        {"msgtype": "link", "link": {"title": "新品", "url": "https://example.com/new"}},
        {"msgtype": "image", "image": {"media_id": "M1"}},
    ]


def test_a_mini_program_carries_its_picture(three: Cast) -> None:
    card = {"title": "会员中心", "appid": "wx0123456789abcdef", "page": "pages/index.html"}
    card_row = Attachment.objects.create(
        welcome=Welcome.objects.get(name="brand"), kind="miniprogram", picture=b"bytes", **card
    )
    hold(card_row, three)
    body = welcomes.compose([scan(three, userid="dong")])[1]
    assert body is not None
    assert body["attachments"] == [{"msgtype": "miniprogram", "miniprogram": {**card, "pic_media_id": "M1"}}]


@pytest.mark.parametrize("fault", ["never uploaded", "expired", "another picture"])
def test_a_picture_that_wecom_does_not_hold_is_left_out_and_reported(three: Cast, fault: str) -> None:
    one = picture(three)
    if fault != "never uploaded":
        hold(one, three, **({"expires_at": NOW} if fault == "expired" else {"digest": "of another"}))
    assert welcomes.compose([scan(three, userid="dong")])[1] == {"text": {"content": "欢迎来到掌柜茶饮"}}
    assert Alarm.objects.get().kind == "campaigns.picture_missing"


def test_a_text_is_cut_to_what_wecom_takes(cast: Cast) -> None:
    assert len(welcomes.fill("{store}", {"store": "店" * 2000}).encode()) == 3999


def test_a_place_has_one_welcome_in_use(three: Cast) -> None:
    with pytest.raises(IntegrityError, match="a_place_has_one_welcome_in_use"):
        Welcome.objects.create(name="another", text="hi")


@pytest.mark.parametrize(
    ("text", "fits"),
    [("{guide}{store}{brand}", True), ("{customer}", False), ("店" * 1333, True), ("店" * 1334, False)],
)
def test_a_text_is_looked_at(text: str, fits: bool) -> None:
    welcome = Welcome(name="w", text=text)
    if fits:
        welcome.clean()
        return
    with pytest.raises(ValidationError) as refused:
        welcome.clean()
    assert "text" in refused.value.error_dict


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"kind": "image"}, "__all__"),
        ({"kind": "link", "title": "题" * 43, "url": "https://example.com"}, "title"),
        ({"kind": "miniprogram", "title": "t" * 65, "appid": "wx", "page": "p", "picture": b"x"}, "title"),
        ({"kind": "link", "title": "t"}, "__all__"),
    ],
)
def test_an_attachment_is_looked_at(fields: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Attachment(**fields).clean()
    assert wrong in getattr(refused.value, "error_dict", {"__all__": 1})
