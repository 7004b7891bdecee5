"""Alarms reach people: in WeCom and at a webhook, each kind once an hour, without anybody's name."""

import json
from datetime import datetime
from typing import Any

import pytest
import responses

from scrm import outbound, sandbox
from scrm.audit import alarms
from scrm.watch import telling
from scrm.wecom import calls, client, corps
from scrm.wecom.models import AlarmRecipient, OutboundCall
from tests.cast import NOW, Cast, after

pytestmark = pytest.mark.django_db
ROBOT = "https://robot.example.com/send?key=secret-of-the-robot"


@pytest.fixture
def cast(cast: Cast, settings: Any) -> Cast:
    settings.BASE_URL = "https://scrm.example.com"
    for userid in ("ada", "ben"):
        AlarmRecipient.objects.create(corp=cast.corp, userid=userid)
    return cast


def messages() -> list[dict[str, Any]]:
    return [call.request() for call in OutboundCall.objects.filter(api="message/send").order_by("pk")]


def test_the_chosen_people_hear_once_what_happens_and_what_to_do(cast: Cast) -> None:
    alarms.sound("inbox_age", "inbox", at=NOW)
    assert telling.tell(NOW) == 1
    assert telling.tell(after(minutes=1)) == 0
    (said,) = messages()
    assert (said["touser"], said["agentid"]) == ("ada|ben", cast.app.agent_id)
    assert "回调等待处理的时间过长" in said["text"]["content"]
    assert "https://scrm.example.com/admin/audit/alarm/" in said["text"]["content"]


def told_at(at: datetime, subject: str) -> int:
    alarms.sound("unknown_state", subject, at=at)
    telling.tell(at)
    return len(messages())


def test_one_kind_is_told_once_an_hour_however_many_there_are(cast: Cast) -> None:
    assert [told_at(after(minutes=n), f"state {n}") for n in (0, 1, 59, 61, 62)] == [1, 1, 1, 2, 2]
    assert "4 条告警" in messages()[1]["text"]["content"]


def test_what_is_over_before_its_hour_is_told_to_nobody(cast: Cast) -> None:
    told_at(NOW, "a")
    alarms.sound("unknown_state", "b", at=after(minutes=1))
    alarms.end("unknown_state", at=after(minutes=2))
    assert telling.tell(after(minutes=70)) == 0


def test_no_subject_is_told_since_it_may_name_a_customer(cast: Cast) -> None:
    alarms.sound("unknown_state", "wm-of-a-customer", at=NOW)
    telling.tell(NOW)
    assert "wm-of-a-customer" not in json.dumps(messages())


@responses.activate
def test_a_webhook_hears_it_too_in_the_form_of_a_robot(cast: Cast, settings: Any) -> None:
    settings.ALARM_WEBHOOK_URL = ROBOT
    heard = responses.post(ROBOT, json={"errcode": 0})
    alarms.sound("inbox_age", "inbox", at=NOW)
    telling.tell(NOW)
    said = json.loads(heard.calls[0].request.body)
    assert (said["msgtype"], said["kind"]) == ("text", "inbox_age")
    assert "掌柜告警" in said["text"]["content"]


@responses.activate
def test_a_webhook_that_fails_stops_nobody_and_its_key_is_not_logged(cast: Cast, settings: Any, caplog: Any) -> None:
    settings.ALARM_WEBHOOK_URL = ROBOT
    responses.post(ROBOT, status=500)
    alarms.sound("inbox_age", "inbox", at=NOW)
    assert telling.tell(NOW) == 1
    assert len(messages()) == 1
    assert "secret-of-the-robot" not in caplog.text


@responses.activate
def test_only_named_hosts_are_called(settings: Any) -> None:
    settings.OUTBOUND_FENCED, settings.OUTBOUND_HOSTS = True, ["robot.example.com", ".qpic.cn"]
    for url in (
        "https://robot.example.com/",
        "https://wework.qpic.cn/a.png",
        "http://169.254.169.254/",
        "https://qpic.cn/",
    ):
        responses.get(url, body="ok")
    with outbound.session() as line:
        assert line.get("https://robot.example.com/").ok
        assert line.get("https://wework.qpic.cn/a.png").ok
        for url in ("http://169.254.169.254/", "https://qpic.cn/", "https://robot.example.com@evil.example.com/"):
            with pytest.raises(outbound.NotAllowed):
                line.get(url)


@responses.activate
def test_a_redirect_leads_to_named_hosts_only(settings: Any) -> None:
    settings.OUTBOUND_FENCED, settings.OUTBOUND_HOSTS = True, ["robot.example.com"]
    responses.get("https://robot.example.com/", status=302, headers={"Location": "http://169.254.169.254/"})
    responses.get("http://169.254.169.254/", body="secrets")
    with outbound.session() as line, pytest.raises(outbound.NotAllowed):
        line.get("https://robot.example.com/")


def test_our_client_says_which_setting_forbids_a_host(cast: Cast, settings: Any) -> None:
    settings.OUTBOUND_FENCED, settings.OUTBOUND_HOSTS = True, ["qyapi.weixin.qq.com"]
    cast.corp.api_base_url = "https://metadata.example.com"
    client.forget_clients()
    with pytest.raises(client.Refused) as refused:
        client.client_for(cast.corp, cast.app).callback_ips()
    assert "OUTBOUND_HOSTS" in refused.value.errmsg


@pytest.mark.network
def test_the_message_arrives_in_wecom(db: None, settings: Any) -> None:
    with sandbox.running(seed=3, stores=1, frozen_at=NOW.timestamp()) as wx:
        client.forget_clients()
        corp = corps.connect(
            **{"corp_id": wx.corp_id, "agent_id": int(wx.agent_id), "secret": wx.secret, "token": wx.token},
            **{"aes_key": wx.aes_key, "slug": wx.slug, "api_base_url": wx.base_url, "at": NOW},
        ).corp
        guide = client.client_for(corp).externalcontact.get_follow_user_list()[0]
        AlarmRecipient.objects.create(corp=corp, userid=guide)
        alarms.sound("inbox_age", "inbox", at=NOW)
        telling.tell(NOW)
        calls.make(NOW)
        assert OutboundCall.objects.get(api="message/send").state == "done"
