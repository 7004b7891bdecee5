"""Files of 10,000 stores and 20,000 members of before: lines a second to the preview and to the end, and memory."""

import resource
import time
from datetime import date
from typing import Any

from bench.figures import Figure
from bench.ground import Ground

STORES, MEMBERS = 10_000, 20_000
MEGABYTE = 1024  # of ru_maxrss, in kilobytes
TABLES = ("stores_brand", "stores_person", "members_member", "imports_import")


def measure(ground: Ground, *, quick: bool) -> list[Figure]:
    """The figures of both files, and of the same file once more."""
    share = 10 if quick else 1
    by = _hq()
    figures = _bring("stores", _stores(STORES // share), by)
    ground.calm()
    members = _members(MEMBERS // share, STORES // share)
    before = _peak()
    figures += _bring("members", members, by)
    figures += _bring("members", members, by, again=True)
    figures.append(Figure("import of members: memory more", (_peak() - before) / MEGABYTE, "MB", n=MEMBERS // share))
    ground.empty(*TABLES)
    return figures


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _hq() -> Any:
    from scrm import clock
    from stores import places, seats
    from stores.models import Person, Role

    places.the_brand("Bench")
    places.make_regions([f"R{n}" for n in range(20)])
    person = Person.objects.create_user("bench", "bench-opens-the-shop", name="Bench")
    seats.give(person, Role.HQ_ADMIN, at=clock.now())
    return person


def _stores(count: int) -> bytes:
    lines = ["门店编号,门店名称,区域,城市,开业日期,加盟商"]
    lines += [f"S{n:05},门店{n},R{n % 20},上海,2020-01-{n % 28 + 1:02}," for n in range(count)]
    return "\r\n".join(lines).encode()


def _members(count: int, stores: int) -> bytes:
    lines = ["姓名,手机号,会员卡号,入会门店,入会日期,同意用途,条款版本,同意日期,同意凭证"]
    day = date(2021, 6, 18).isoformat()
    lines += [
        f"会员{n},138{n:08},V{n:08},S{n % stores:05},{day},服务、一对一营销,V3,{day},登记表 {n}" for n in range(count)
    ]
    return "\r\n".join(lines).encode()


def _bring(kind: str, content: bytes, by: Any, *, again: bool = False) -> list[Figure]:
    """Lines a second from the upload to the preview, and from the click to the end."""
    from scrm import clock
    from scrm.imports import uploads
    from scrm.imports.kinds import KINDS

    at, lines = clock.now(), content.count(b"\n")
    upload = uploads.take(KINDS[kind], content, file_name=f"{kind}.csv", by=by, at=at)
    began = time.perf_counter()
    uploads.lane(at)
    seen = time.perf_counter()
    upload.refresh_from_db()
    assert upload.counts["unchanged" if again else "created"] == lines, (upload.problem, upload.counts)
    uploads.apply(upload, by=by, at=at)
    applied_from = time.perf_counter()
    uploads.lane(at)
    done = time.perf_counter()
    upload.refresh_from_db()
    assert upload.state == "applied", upload.problem
    name = f"import of {lines:,} {kind}" + (", again" if again else "")
    return [
        Figure(f"{name}: to the preview", lines / (seen - began), "lines/s", n=lines),
        Figure(f"{name}: to the end", lines / (done - applied_from), "lines/s", n=lines),
    ]
