import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from guides import codes, groups, pictures, reads, roster
from guides.models import Code
from members import libraries
from scrm import clock, sandbox
from scrm.wecom import calls, inbox, welcomes
from scrm.wecom.models import App, Corp, Receiver
from stores.models import Store


@dataclass
class House:
    """Our whole product beside a WeCom of its own, driven by hand."""

    wx: Any
    corp: Corp

    @property
    def now(self) -> datetime:
        return clock.now()

    def work(self, *, later: timedelta = timedelta()) -> None:
        """What `manage.py work` does in a loop, until nothing is left to do."""
        self.wx.settle()
        for _ in range(20):
            at = self.now + later
            done = welcomes.lane(at) + inbox.hand_on(at) + calls.make(at) + calls.tell(at)
            if not done + pictures.fetch_due(at):
                break

    def read(self, *, later: timedelta = timedelta(seconds=90)) -> None:
        at = self.now + later
        reads.read_due(at)
        groups.read_due(at)
        libraries.read_due(at)
        roster.read_due(at)

    def a_store(self) -> Store:
        return Store.objects.filter(postings__ends_at=None).distinct().order_by("code")[0]

    def a_code(self, **more: Any) -> Code:
        code = codes.create(store=self.a_store(), kind=Code.Kind.STORE, name="收银台", by=None, at=self.now, **more)
        self.work()
        code.refresh_from_db()
        return code


@pytest.fixture
def house(transactional_db: None, settings: Any) -> Iterator[House]:
    client = Client()

    def deliver(url: str, body: bytes, timeout: float) -> tuple[int, str]:
        path = "/" + url.split("/", 3)[3]
        answer = client.post(path, data=body, content_type="text/xml")
        if threading.current_thread() is not threading.main_thread():
            connections.close_all()  # the postman's thread has one of its own
        return answer.status_code, answer.content.decode()

    with sandbox.running(seed=7, stores=3, send=deliver) as wx:
        wx.listen("http://testserver")
        settings.WECOM_API_BASE_URL = wx.base_url
        corp = Corp.objects.create(corp_id=wx.corp_id, name="沙盒品牌")
        app = App.objects.create(corp=corp, agent_id=wx.agent_id, secret=wx.secret)
        Receiver.objects.create(corp=corp, app=app, slug=wx.slug, token=wx.token, aes_key=wx.aes_key)
        assert roster.sync(corp, at=clock.now()) and libraries.read_library(corp, at=clock.now())
        yield House(wx, corp)
