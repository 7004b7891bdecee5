"""A house in which everything is right: a corp of our own in a sandbox, connected, synced, watched."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection

from guides import roster
from scrm import clock, sandbox, sealed
from scrm.audit import heartbeats
from scrm.doctor import checks
from scrm.findings import Finding, Level
from scrm.wecom import client, corps
from scrm.wecom.models import Corp, Receiver
from scrm.wecom.models.letters import BODY
from stores.models import Person


@dataclass
class House:
    """What a doctor looks at, and the console with which a test makes it ill."""

    wx: Any
    corp: Corp
    receiver: Receiver

    def console(self, path: str, **body: Any) -> Any:
        named = {"corp_id": self.corp.corp_id, "agent_id": str(self.receiver.app.agent_id)}  # type: ignore[union-attr]
        return self.wx.do("POST", f"console/{path}", **named, **body)

    def letter(self, event: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO wecom_letter (receiver_id, corp_id, digest, body, stream, shard, event, change_type,"
                " happened_at, received_at, state, attempts, due_at, last_error, welcome)"
                " VALUES (%s, %s, %s, %s, 's', 0, %s, '', now(), now(), 'applied', 0, now(), '', 'none')",
                [self.receiver.pk, self.corp.pk, event.encode().ljust(32)[-32:], sealed.seal(b"<xml/>", BODY), event],
            )

    def find(self, name: str) -> Finding:
        """What one check finds now."""
        check = checks.BY_NAME[name]
        return checks.examine(check, self.corp if check.of_corp else None, at=clock.now()).finding

    def ill(self) -> dict[str, Level]:
        """Every check that is not content."""
        found = [checks.examine(check, corp, at=clock.now()) for check, corp in checks.rounds(self.corp.corp_id)]
        return {one.check.name: one.finding.level for one in found if one.finding.level != Level.OK}


@pytest.fixture
def house(transactional_db: None, live_server: Any, settings: Any) -> Iterator[House]:
    client.forget_clients()
    with sandbox.running(seed=5, stores=2, switches={"verify_timeout": 20}) as wx:
        settings.BASE_URL, settings.WECOM_API_BASE_URL = live_server.url, wx.base_url
        own = wx.do("POST", "corps", name="我的品牌", stores=2)
        app = wx.do("POST", "console/apps", corp_id=own["corp_id"], name="掌柜", visible=[1])
        by = Person.objects.create_user("hq", "opens-the-shop")
        corp = corps.begin(corp_id=own["corp_id"], name="我的品牌", by=by, at=clock.now())
        ours = corps.give_app(corp, agent_id=int(app["agent_id"]), secret=app["secret"], by=by, at=clock.now())
        house = House(wx, corp, corps.receive(ours, by=by, at=clock.now()))
        _make_right(house, live_server.url)
        yield house
    client.forget_clients()


def _make_right(house: House, base_url: str) -> None:
    receiver = house.receiver
    house.console("ips", ips=["127.0.0.1"])
    house.console("callable", on=True)
    url = f"{base_url}/wecom/callback/{receiver.slug}/"
    house.console("callback", url=url, token=str(receiver.token), aes_key=str(receiver.aes_key))
    domain = house.console("domain", domain=base_url)
    corps.prove(domain["domain_code"], by=None, at=clock.now())
    for event in ("change_external_contact", "change_contact"):
        house.letter(event)
    assert roster.sync(house.corp, at=clock.now())
    for name in ("work", "scheduler", "backup"):
        heartbeats.beat(name, at=clock.now())
