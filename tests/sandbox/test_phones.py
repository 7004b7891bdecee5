"""Phones of the sandbox: what a gateway would send lies there to be read."""

import pytest


def test_a_message_lies_there_to_be_read(wx):
    for code in ("111111", "222222"):
        wx.do("POST", "sms", phone="+8613764501893", code=code, text=f"您的验证码是 {code}")
    newest, before = wx.do("GET", "sms/all")["messages"]
    assert (newest["phone"], newest["code"], before["code"]) == ("+8613764501893", "222222", "111111")
    page = wx.do("GET", "sms")
    assert page.status == 200 and "沙盒手机短信" in page.body.decode()


def test_no_more_than_a_few_are_shown(wx):
    for n in range(30):
        wx.do("POST", "sms", phone="+8613764501893", text=str(n))
    assert [row["text"] for row in wx.do("GET", "sms/all")["messages"]] == [str(n) for n in range(29, 9, -1)]


@pytest.mark.parametrize("body", [{}, {"phone": "1"}, {"text": "x"}])
def test_a_message_says_to_whom_and_what(wx, body):
    with pytest.raises(ValueError, match="is missing"):
        wx.do("POST", "sms", **body)
