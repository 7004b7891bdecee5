"""What is no table of sales or of tags is refused whole; what breaks half-way leaves nothing half-done."""

from typing import Any

import pytest

from members.models import Order, OrderLine
from scrm.imports import uploads
from scrm.imports.kinds import KINDS
from scrm.imports.models import Import, ImportFile
from tests.cast import NOW, Cast
from tests.corpus import imports as corpus
from tests.imports.test_sales import GOOD, HEAD

pytestmark = pytest.mark.django_db
REFUSED = [case for case in corpus.cases() if isinstance(case.answer, str) and case.content]


def brought(cast: Cast, kind: str, content: bytes, name: str = "x.csv") -> Import:
    upload = uploads.take(KINDS[kind], content, file_name=name, by=cast.ada, at=NOW)
    uploads.lane(NOW)
    upload.refresh_from_db()
    return upload


def test_no_bad_file_is_half_a_table(cast: Cast, settings: Any) -> None:
    settings.IMPORT_ROWS, settings.IMPORT_BYTES = 600, 1_500_000
    assert len(REFUSED) > 30
    for case in REFUSED:
        upload = brought(cast, "orders", case.content, case.file_name)
        assert upload.state == "failed" and upload.problem["code"], case.name
    assert not ImportFile.objects.exists() and not Order.objects.exists()


@pytest.mark.parametrize("kind", ["labels", "products", "stock", "orders"])
def test_a_table_of_another_kind_is_refused(cast: Cast, kind: str) -> None:
    assert brought(cast, kind, corpus.PLAIN.encode()).state == "failed"


def test_an_order_file_that_breaks_half_way_is_brought_in_whole_later(cast: Cast, monkeypatch: Any) -> None:
    lines = [GOOD[0].replace("A1", f"N{n}", 1) for n in range(40)]
    upload = brought(cast, "orders", "\n".join([HEAD, *lines]).encode())
    uploads.apply(upload, by=cast.ada, at=NOW)
    with monkeypatch.context() as broken:
        broken.setattr("members.orders.settling.settle", _breaks)
        with pytest.raises(RuntimeError):
            uploads.lane(NOW)
    assert not Order.objects.exists() and not OrderLine.objects.exists()
    uploads.lane(NOW)
    assert Order.objects.count() == 40 and OrderLine.objects.count() == 80


def _breaks(*_told: Any, **_how: Any) -> None:
    raise RuntimeError("killed")
