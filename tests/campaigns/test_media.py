"""Pictures are at WeCom before a customer scans, and stay there."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from PIL import Image

from campaigns import media
from campaigns.models import Attachment, Upload, Welcome
from scrm import sandbox
from scrm.audit.models import Alarm
from scrm.clock import now
from scrm.wecom.models import App, Corp


def png(colour: str = "red", form: str = "PNG") -> bytes:
    file = BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, form)
    return file.getvalue()


@pytest.fixture
def wx(transactional_db: None, settings: Any) -> Iterator[Any]:
    with sandbox.running(seed=7, stores=1) as wx:
        settings.WECOM_API_BASE_URL = wx.base_url
        corp = Corp.objects.create(corp_id=wx.corp_id)
        App.objects.create(corp=corp, agent_id=wx.agent_id, secret=wx.secret)
        yield wx


def a_picture(content: bytes = b"", **welcome: Any) -> Attachment:
    said = Welcome.objects.create(name="hello", text="hello", **welcome)
    return Attachment.objects.create(welcome=said, kind="image", picture=content or png())


def test_a_picture_is_uploaded_once(wx: Any) -> None:
    a_picture()
    at = now()
    assert [media.refresh(at), media.refresh(at)] == [1, 0]
    upload = Upload.objects.get()
    assert upload.media_id
    assert upload.expires_at == at + timedelta(days=3)


def test_it_is_uploaded_anew_twelve_hours_before_it_expires(wx: Any) -> None:
    a_picture()
    at = now()
    media.refresh(at)
    first = Upload.objects.get().media_id
    assert media.refresh(at + timedelta(hours=59)) == 0
    assert media.refresh(at + timedelta(hours=60)) == 1
    assert Upload.objects.get().media_id != first


def test_another_picture_is_uploaded_at_once(wx: Any) -> None:
    attachment = a_picture()
    media.refresh(now())
    attachment.picture = png("blue")
    attachment.save()
    assert media.refresh(now()) == 1
    assert Upload.objects.get().digest == attachment.picture_digest


def test_a_welcome_out_of_use_needs_no_pictures(wx: Any) -> None:
    a_picture(active=False)
    assert media.refresh(now()) == 0


def test_what_wecom_refuses_waits_and_is_reported(wx: Any) -> None:
    a_picture(b"no picture at all")
    at = now()
    assert media.refresh(at) == 1
    assert Alarm.objects.get().kind == "campaigns.picture_refused"
    assert media.refresh(at + timedelta(minutes=59)) == 0
    assert media.refresh(at + timedelta(minutes=61)) == 1


def test_a_claimed_picture_is_not_taken_twice(wx: Any) -> None:
    a_picture()
    at = now()
    media.refresh(at)
    Upload.objects.update(due_at=at)
    assert [len(media._claim(at)), len(media._claim(at))] == [1, 0]


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_picture_is_taken_as_it_is(form: str) -> None:
    assert media.looked_at(png(form=form)) == png(form=form)


@pytest.mark.parametrize("content", [b"", b"text", png(form="GIF"), png()[:40], b"\0" * (media.BYTES + 1)])
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(ValidationError):
        media.looked_at(content)
