"""Pages about sources: who opens them, what they say, and what each deed does; alarms that end by themselves."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation

from members import deliveries, pushes, sources
from members.models import Delivery, Order, Push, Source
from members.orders import Verdict
from scrm import clock
from scrm.audit.kinds import ALARMS
from scrm.audit.models import Alarm, Entry
from scrm.watch import feeds, rounds
from tests.cast import NOW, Cast

RECORDED = Path(__file__).parents[1] / "corpus" / "sources"
URL = "/customers/sources/"
MAP = '{"number": "小票号", "paid_at": "交易时间", "amount": "实收金额", "store": "门店编号", "sku": "货号"}'


@pytest.fixture
def shop(cast: Cast) -> Source:
    said = {"kind": "adapter", "adapter": "wechat_shop", "name": "微信小店", "expected_every": timedelta(hours=1)}
    return sources.register("wxshop", by=cast.ada, at=NOW, owner=cast.otto, **said)


def signed_in(client: Client, person: Any) -> Client:
    client.force_login(person)
    return client


def tell(source: Source, *statuses: str, at: Any = NOW) -> None:
    errors = {"rejected": "store: “S9” is no store that you see"}
    verdicts = [Verdict(n, status, error=errors.get(status, "")) for n, status in enumerate(statuses)]
    deliveries.record(source, "orders", verdicts, at=at, numbers=[f"ORDER-2026-{n:04}" for n in range(len(statuses))])


def test_who_opens_the_pages(cast: Cast, shop: Source, client: Client) -> None:
    for path in (URL, f"{URL}{shop.public_id}/", f"{URL}new/", f"{URL}{shop.public_id}/edit/"):
        for person in (cast.ada, cast.otto):
            assert signed_in(client, person).get(path).status_code == 200, path
        for person in (cast.ann, cast.paula, cast.rita, cast.ben, cast.fang, cast.cai, cast.ivy, cast.eve):
            assert signed_in(client, person).get(path).status_code == 403, (path, person.username)
    assert signed_in(client, cast.ada).get(f"{URL}so_nobody/").status_code == 404


def test_a_source_says_how_it_is_doing_and_why_rows_were_refused(cast: Cast, shop: Source, client: Client) -> None:
    tell(shop, "created", "rejected", "rejected", at=clock.now())
    page = signed_in(client, cast.ada).get(f"{URL}{shop.public_id}/").content.decode()
    assert "66.7%" in page
    assert "store: … is no store that you see" in page
    assert "…6-0001" in page
    assert "ORDER-2026" not in page


def test_nobody_yet_says_what_to_do(cast: Cast, client: Client) -> None:
    assert f"{URL}new/" in signed_in(client, cast.ada).get(URL).content.decode()


def test_a_source_is_made_with_its_map(cast: Cast, client: Client) -> None:
    said = {"code": "pos", "name": "收银", "kind": "file", "adapter": "pos", "error_percent": 5, "every": "1440"}
    said |= {"fields_map": MAP, "options": f'{{"store": "{cast.nanjing_road.code}"}}', "owner": cast.otto.public_id}
    assert signed_in(client, cast.ada).post(f"{URL}new/", said).status_code == 302
    source = Source.objects.get(code="pos")
    assert (source.fields["amount"], source.owner, source.expected_every) == ("实收金额", cast.otto, timedelta(days=1))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"code": "a b"}, "code"),
        ({"fields_map": "{"}, "fields_map"),
        ({"fields_map": "[]"}, "fields_map"),
        ({"fields_map": '{"salary": "x"}'}, "fields_map"),
        ({"fields_map": '{"number": "a"}'}, "fields_map"),
        ({"fields_map": '{"number": "a", "paid_at": "a", "amount": "b"}'}, "fields_map"),
        ({"fields_map": '{"number": 1, "paid_at": "a", "amount": "b"}'}, "fields_map"),
        ({"options": '{"colour": "red"}'}, "options"),
        ({"options": '{"store": 1}'}, "options"),
        ({"options": '{"store": "nowhere"}'}, "options"),
        ({"options": '{"stores": {"1": "nowhere"}}'}, "options"),
        ({"kind": "adapter", "adapter": ""}, "adapter"),
        ({"adapter": "amazon"}, "adapter"),
        ({"error_percent": 0}, "error_percent"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(cast: Cast, client: Client, wrong: dict[str, Any], field: str) -> None:
    said = {"code": "pos", "name": "收银", "kind": "file", "adapter": "pos", "error_percent": 5, "fields_map": MAP}
    answer = signed_in(client, cast.ada).post(f"{URL}new/", said | wrong)
    assert answer.status_code == 400
    assert answer.context["form"].errors[field]
    assert not Source.objects.exists()


def test_a_source_is_paused_and_set_live(cast: Cast, shop: Source, client: Client) -> None:
    for state in ("paused", "live"):
        signed_in(client, cast.ada).post(f"{URL}{shop.public_id}/state/", {"state": state})
        assert Source.objects.get().state == state
    assert Entry.objects.filter(verb__in=["source.paused", "source.live"]).count() == 2


def test_a_secret_is_shown_once_and_stored_nowhere_in_between(cast: Cast, shop: Source, client: Client) -> None:
    answer = signed_in(client, cast.ada).post(f"{URL}{shop.public_id}/secret/")
    assert Source.objects.get().secret in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    assert Source.objects.get().secret not in client.get(f"{URL}{shop.public_id}/").content.decode()


def test_a_tills_file_is_kept_and_taken_in(cast: Cast, client: Client) -> None:
    options = {"stores": {"S001": cast.nanjing_road.code}}
    said = {
        "kind": "file",
        "adapter": "pos",
        "fields": {"number": "小票号", "paid_at": "交易时间", "amount": "实收金额"},
    }
    source = sources.register("pos", by=cast.ada, at=NOW, options=options, **said)
    file = SimpleUploadedFile("3月.csv", (RECORDED / "pos.csv").read_text("utf-8").encode("gb18030"))
    signed_in(client, cast.ada).post(f"{URL}{source.public_id}/upload/", {"file": file})
    assert pushes.lane(clock.now()) == 1
    delivery = Delivery.objects.get()
    assert (delivery.door, delivery.note, delivery.by) == ("file", "3月.csv", cast.ada)
    assert (delivery.rows, delivery.created, delivery.rejected) == (4, 3, 1)
    assert Order.objects.get(number="T0001").refunded_fen == 9995


def test_a_parked_push_is_tried_again_from_its_page(cast: Cast, shop: Source, client: Client) -> None:
    pushes.keep(shop, b"?", at=NOW)
    pushes.lane(NOW)
    push = Push.objects.get()
    signed_in(client, cast.ada).post(f"{URL}{shop.public_id}/replay/", {"push": [push.pk, "x"]})
    assert Push.objects.get().state == "waiting"
    signed_in(client, cast.ada).post(f"{URL}{shop.public_id}/park/", {"push": [push.pk]})
    assert Push.objects.get().state == "parked"


def alarms() -> set[tuple[str, str]]:
    return set(Alarm.objects.filter(cleared_at=None).values_list("kind", "subject"))


def looked(at: Any) -> None:
    rounds.look({"source_silent": feeds.silent, "source_errors": feeds.refused}, at)


def test_silence_beyond_the_expectation_sounds_and_ends_with_the_next_delivery(cast: Cast, shop: Source) -> None:
    looked(NOW + timedelta(minutes=59))
    assert alarms() == set()
    looked(NOW + timedelta(minutes=61))
    assert alarms() == {("source_silent", "wxshop")}
    tell(shop, "created", at=NOW + timedelta(minutes=62))
    looked(NOW + timedelta(minutes=63))
    assert alarms() == set()


def test_a_paused_source_may_be_silent(cast: Cast, shop: Source) -> None:
    looked(NOW + timedelta(hours=2))
    sources.set_state(shop, Source.State.PAUSED, by=cast.ada, at=NOW)
    looked(NOW + timedelta(hours=3))
    assert alarms() == set()


def test_too_many_refused_rows_sound_and_end_when_rows_are_right_again(cast: Cast, shop: Source) -> None:
    tell(shop, *["rejected"] * 19)
    looked(NOW)
    assert alarms() == set(), "too few to tell"
    tell(shop, "created")
    looked(NOW)
    assert alarms() == {("source_errors", "wxshop")}
    tell(shop, *["created"] * 360, at=NOW + timedelta(minutes=1))
    looked(NOW + timedelta(minutes=1))
    assert alarms() == {("source_errors", "wxshop")}, "5%: between the two thresholds an alarm stays"
    looked(NOW + timedelta(hours=25))
    assert ("source_errors", "wxshop") not in alarms()


def test_the_alarms_have_their_words() -> None:
    with translation.override("zh-hans"):
        for kind in ("source_silent", "source_errors", "push_parked"):
            assert not str(ALARMS[kind][0]).isascii()
