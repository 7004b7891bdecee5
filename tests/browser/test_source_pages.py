"""Pages of sources and of the data's health, as people see them: nothing sticks out, on a phone and on a desk."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from members import deliveries, pushes, sources
from members.models import Source
from members.orders import Verdict
from scrm import clock
from scrm.dashboard import health
from tests.cast import Cast, assemble

MAP = {"number": "小票号", "paid_at": "交易时间", "amount": "实收金额"}


@pytest.fixture
def fed(transactional_db: None) -> Cast:
    """Sources that do well, ill, and nothing."""
    cast, now = assemble(), clock.now()
    said = {"kind": "adapter", "adapter": "wechat_shop", "expected_every": timedelta(hours=1)}
    shop = sources.register("wxshop", by=cast.ada, at=now, name="微信小店", owner=cast.otto, **said)
    sources.register("pos", by=cast.ada, at=now, name="门店收银", kind="file", adapter="pos", fields=MAP)
    paused = sources.register("live", by=cast.ada, at=now - timedelta(days=9), name="直播间", owner=cast.ada)
    sources.set_state(paused, Source.State.PAUSED, by=cast.ada, at=now)
    errors = ["store: “S9” is no store that you see", "buyer.phone: 不是手机号", "paid_at: is missing"]
    verdicts = [Verdict(n, "rejected" if n % 9 == 0 else "created", error=errors[n % 3]) for n in range(1200)]
    deliveries.record(shop, "orders", verdicts, at=now, numbers=[f"37051150584712089{n:04}" for n in range(1200)])
    pushes.keep(shop, b"?", at=now)
    pushes.lane(now)
    health.take_due(at=now)
    return cast


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out(fed: Cast, opened: Callable[..., Any], width: int) -> None:
    shop = Source.objects.get(code="wxshop")
    paths = ("/customers/sources/", f"/customers/sources/{shop.public_id}/", "/customers/sources/new/")
    for n, path in enumerate((*paths, "/dashboard/data-health/")):
        page = opened(fed.ada, path, width=width)
        if folder := os.environ.get("SHOTS"):
            page.screenshot(path=f"{folder}/{n}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
