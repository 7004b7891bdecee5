"""Composing welcomes: which one a customer is told, in whose name, with which pictures."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import Prefetch, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from campaigns.models import ATTACHMENTS, PLACEHOLDER, TEXT_BYTES, Attachment, Upload, Welcome
from guides import postings
from guides.models import Code, Guide
from scrm.audit import alarms
from scrm.wecom.events import Received
from stores.models import Brand, Store

Place = tuple[str, int | None]  # "code", "store" or "brand", and its id
Media = dict[tuple[int, int], str]  # (attachment, corp) -> media_id


class Meeting(NamedTuple):
    """Who is greeted by whom, where."""

    corp_id: int
    code_id: int | None
    store_id: int | None
    guide: str


def compose(received: Sequence[Received[Any]]) -> dict[int, dict[str, Any] | None]:
    """The body of send_welcome_msg, without its code, for each letter; None where there is nothing to say."""
    meetings = _meetings(received)
    welcomes = in_use((one.store_id, one.code_id) for one in meetings.values())
    if not welcomes:
        return dict.fromkeys(meetings)
    said = {letter: nearest(welcomes, one.store_id, one.code_id) for letter, one in meetings.items()}
    at = max(one.received_at for one in received)
    names, media = _names(meetings.values()), _media(welcomes.values(), at=at)
    _report_missing(((said[letter], one.corp_id) for letter, one in meetings.items()), media, at=at)
    return {
        letter: _body(welcome, meetings[letter], names, media) if welcome else None for letter, welcome in said.items()
    }


def in_use(places: Iterable[tuple[int | None, int | None]]) -> dict[Place, Welcome]:
    """The welcomes in use that people at these places, pairs of store and code, may be told, with their attachments."""
    pairs = set(places)
    codes, stores = {code for _store, code in pairs if code}, {store for store, _code in pairs if store}
    here = Q(code__in=codes) | Q(code=None, store__in=stores) | Q(code=None, store=None)
    # A picture may weigh ten megabytes; WeCom has it already.
    attachments = Prefetch("attachments", Attachment.objects.defer("picture"))
    return {
        _place(welcome): welcome for welcome in Welcome.objects.filter(here, active=True).prefetch_related(attachments)
    }


def nearest(welcomes: dict[Place, Welcome], store_id: int | None, code_id: int | None) -> Welcome | None:
    """The welcome of the code, else of the store, else of the brand."""
    places: list[Place] = [("code", code_id), ("store", store_id), ("brand", None)]
    return next((welcomes[place] for place in places if place in welcomes), None)


def _place(welcome: Welcome) -> Place:
    if welcome.code_id:
        return "code", welcome.code_id
    return ("store", welcome.store_id) if welcome.store_id else ("brand", None)


def fill(text: str, names: dict[str, str]) -> str:
    """The text with its placeholders replaced, within the bytes that WeCom takes."""
    said = PLACEHOLDER.sub(lambda word: names.get(word[1], word[0]), text)
    return said.encode()[:TEXT_BYTES].decode(errors="ignore")


def content(attachment: Attachment, media_id: str) -> dict[str, Any]:
    """An attachment as send_welcome_msg takes it."""
    kind = attachment.kind
    if kind == Attachment.Kind.IMAGE:
        return {"msgtype": kind, kind: {"media_id": media_id}}
    if kind == Attachment.Kind.LINK:
        said = {"title": attachment.title, "url": attachment.url}
        more = {"desc": attachment.description, "picurl": attachment.picture_url}
        return {"msgtype": kind, kind: said | {name: text for name, text in more.items() if text}}
    card = {"title": attachment.title, "appid": attachment.appid, "page": attachment.page}
    return {"msgtype": kind, kind: card | {"pic_media_id": media_id}}


def _meetings(received: Sequence[Received[Any]]) -> dict[int, Meeting]:
    """Each letter's meeting: the store is the code's, else that of the guide's only posting."""
    codes = _codes(received)
    guides = _guides(received)
    book = postings.book_of(guide.pk for guide in guides.values())
    meetings = {}
    for one in received:
        code = codes.get((one.corp_id, getattr(one.event, "state", "")))
        guide = guides.get((one.corp_id, one.event.userid.lower()))
        store = code.store_id if code else book.store_at(guide.pk, one.event.at) if guide else None
        meetings[one.letter_id] = Meeting(one.corp_id, code.pk if code else None, store, guide.name if guide else "")
    return meetings


def _codes(received: Sequence[Received[Any]]) -> dict[tuple[int, str], Code]:
    states = {state for one in received if (state := getattr(one.event, "state", ""))}
    found = Code.objects.filter(state__in=states).only("corp_id", "state", "store_id")
    return {(code.corp_id, code.state): code for code in found}


def _guides(received: Sequence[Received[Any]]) -> dict[tuple[int, str], Guide]:
    """The guides of the letters by userid in small letters, since WeCom does not tell them apart."""
    wanted: dict[int, set[str]] = {}
    for one in received:
        wanted.setdefault(one.corp_id, set()).add(one.event.userid.lower())
    if not wanted:
        return {}
    here = reduce(or_, (Q(corp=corp, small__in=userids) for corp, userids in wanted.items()))
    found = Guide.objects.annotate(small=Lower("userid")).filter(here).only("corp_id", "userid", "name")
    return {(guide.corp_id, guide.userid.lower()): guide for guide in found}


def _names(meetings: Iterable[Meeting]) -> dict[int | None, dict[str, str]]:
    """What {store} and {brand} say, by store; without a store both say the brand."""
    ids = {one.store_id for one in meetings if one.store_id}
    names: dict[int | None, dict[str, str]] = {}
    for store in Store.objects.filter(pk__in=ids).select_related("region__brand"):
        names[store.pk] = {"store": store.name, "brand": store.region.brand.name}
    brand = Brand.objects.order_by("pk").values_list("name", flat=True).first() or ""
    names[None] = {"store": brand, "brand": brand}
    return names


def _media(welcomes: Iterable[Welcome], *, at: datetime) -> Media:
    """The media ids that live, of these welcomes' present pictures."""
    alive = Upload.objects.filter(attachment__welcome__in=list(welcomes), expires_at__gt=at)
    found: Any = alive.values_list("attachment", "corp", "media_id", "digest", "attachment__picture_digest")
    return {(attachment, corp): media for attachment, corp, media, had, now in found if had == now}


def _body(welcome: Welcome, meeting: Meeting, names: dict[int | None, dict[str, str]], media: Media) -> dict[str, Any]:
    guide = meeting.guide or _("your guide")
    said = {"guide": guide, **(names.get(meeting.store_id) or names[None])}
    body: dict[str, Any] = {"text": {"content": fill(welcome.text, said)}}
    ready = [one for one in welcome.attachments.all() if not one.is_uploaded or (one.pk, meeting.corp_id) in media]
    parts = [content(one, media.get((one.pk, meeting.corp_id), "")) for one in ready]
    return body | ({"attachments": parts[:ATTACHMENTS]} if parts else {})


def _report_missing(told: Iterable[tuple[Welcome | None, int]], media: Media, *, at: datetime) -> None:
    """Raises an alarm for each picture that should be sent now and is not at WeCom."""
    for welcome, corp in {(welcome, corp) for welcome, corp in told if welcome}:
        for one in welcome.attachments.all():
            if one.is_uploaded and (one.pk, corp) not in media:
                alarms.sound("campaigns.picture_missing", welcome.public_id, at=at, attachment=one.public_id)
