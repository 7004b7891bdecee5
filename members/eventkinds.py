"""The catalogue of events: each kind says which details it takes, of what type and how large. Nothing else is kept."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as say
from django.utils.translation import gettext_lazy as _


class NotAllowed(Exception):
    """The details of an event that are not as its kind says; the message is for the sender."""


@dataclass(frozen=True)
class Detail:
    """One detail: `text` of at most `most` characters, a whole `number` from `least` to `most`, or a `choice`."""

    key: str
    label: Any
    kind: str = "text"
    required: bool = False
    most: int = 120
    least: int = 0
    choices: tuple[str, ...] = ()

    def read(self, value: Any) -> Any:
        """The value as it is kept; raises NotAllowed."""
        if self.kind == "number":
            return self._number(value)
        if not isinstance(value, str) or not value.strip() or "\0" in value:
            raise NotAllowed(say("payload.%(key)s is no text") % {"key": self.key})
        if self.kind == "choice" and value not in self.choices:
            raise NotAllowed(
                say("payload.%(key)s is none of %(choices)s") % {"key": self.key, "choices": ", ".join(self.choices)}
            )
        if len(value.strip()) > self.most:
            raise NotAllowed(say("payload.%(key)s is longer than %(n)d characters") % {"key": self.key, "n": self.most})
        return value.strip()

    def _number(self, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise NotAllowed(say("payload.%(key)s is no whole number") % {"key": self.key})
        if not self.least <= value <= self.most:
            raise NotAllowed(say("payload.%(key)s is not from %(least)d to %(most)d") % vars(self))
        return value


@dataclass(frozen=True)
class EventKind:
    """One kind of event. `at_somebody`: it needs a store or a guide. `sentence` speaks of its details."""

    name: str
    label: Any
    sentence: Any
    details: tuple[Detail, ...] = ()
    icon: str = "visibility"
    at_somebody: bool = False

    def read(self, payload: Any) -> dict[str, Any]:
        """The details as they are kept, those that are null left out; raises NotAllowed."""
        if payload is None:
            payload = {}
        if not isinstance(payload, Mapping):
            raise NotAllowed(say("payload is no object"))
        said = {key: value for key, value in payload.items() if value is not None}
        known = {detail.key: detail for detail in self.details}
        if unknown := sorted(set(said) - set(known), key=str):
            raise NotAllowed(
                say("payload has “%(field)s”, which %(kind)s does not take")
                % {"field": "".join(filter(str.isprintable, str(unknown[0])))[:40], "kind": self.name}
            )
        if missing := [key for key, detail in known.items() if detail.required and key not in said]:
            raise NotAllowed(say("payload.%(key)s is missing") % {"key": missing[0]})
        return {key: known[key].read(value) for key, value in said.items()}

    def told(self, payload: Mapping[str, Any]) -> str:
        """The event in one line for people."""
        if not self.sentence:
            return ""
        return str(self.sentence % {detail.key: self._shown(detail, payload) for detail in self.details}).strip(" ·")

    def _shown(self, detail: Detail, payload: Mapping[str, Any]) -> str:
        value = payload.get(detail.key, "")
        if detail.key.endswith("_fen") and value != "":
            return f"¥{value / 100:,.2f}"
        return str(value)


DAY_OF_SECONDS = 86_400
SECONDS = Detail("seconds", _("seconds"), "number", most=DAY_OF_SECONDS)
ROOM = Detail("room", _("live room"), required=True, most=64)
PLATFORM = Detail("platform", _("platform"), most=40)
CAMPAIGN = Detail("campaign", _("campaign"), most=64)
ORDER = Detail("order", _("order"), most=64)
SKU = Detail("sku", _("SKU"), required=True, most=64)
TITLE = Detail("title", _("title"))

KINDS: dict[str, EventKind] = {
    kind.name: kind
    for kind in (
        EventKind(
            "page_viewed",
            _("Page viewed"),
            _("%(title)s · %(page)s"),
            (Detail("page", _("page"), required=True, most=200), TITLE, SECONDS, CAMPAIGN),
        ),
        EventKind(
            "product_viewed",
            _("Product viewed"),
            _("%(name)s · %(sku)s"),
            (SKU, Detail("name", _("name")), Detail("category", _("category"), most=60), SECONDS),
        ),
        EventKind(
            "cart_added",
            _("Put into the cart"),
            _("%(name)s · %(sku)s"),
            (SKU, Detail("name", _("name")), Detail("quantity", _("quantity"), "number", most=10_000, least=1)),
        ),
        EventKind(
            "searched",
            _("Searched"),
            _("%(words)s"),
            (Detail("words", _("words searched for"), required=True, most=80),),
        ),
        EventKind(
            "live_entered", _("Entered a live room"), _("%(title)s · %(room)s"), (ROOM, TITLE, PLATFORM), "live_tv"
        ),
        EventKind(
            "live_left", _("Left a live room"), _("%(title)s · %(room)s"), (ROOM, TITLE, PLATFORM, SECONDS), "live_tv"
        ),
        EventKind(
            "live_interacted",
            _("Took part in a live room"),
            _("%(title)s · %(room)s"),
            (
                ROOM,
                TITLE,
                PLATFORM,
                Detail("what", _("how"), "choice", True, choices=("comment", "like", "share", "follow", "gift")),
            ),
            "live_tv",
        ),
        EventKind(
            "live_ordered",
            _("Ordered in a live room"),
            _("%(title)s · %(room)s · %(paid_fen)s"),
            (ROOM, TITLE, PLATFORM, ORDER, Detail("paid_fen", _("paid (fen)"), "number", most=10**12)),
            "live_tv",
        ),
        EventKind(
            "service_rated",
            _("Rated a service"),
            _("%(score)s/5 · %(comment)s"),
            (
                Detail("score", _("score"), "number", True, most=5, least=1),
                Detail("about", _("about"), "choice", choices=("guide", "store", "product", "delivery")),
                ORDER,
                Detail("comment", _("comment"), most=500),
            ),
            "star",
            at_somebody=True,
        ),
        EventKind(
            "coupon_clicked",
            _("Opened a coupon"),
            _("%(title)s · %(coupon)s"),
            (Detail("coupon", _("coupon"), required=True, most=64), TITLE, CAMPAIGN),
        ),
        EventKind(
            "link_clicked",
            _("Opened a link"),
            _("%(title)s · %(link)s"),
            (Detail("link", _("link"), required=True, most=200), TITLE, CAMPAIGN),
        ),
        EventKind(
            "form_submitted",
            _("Sent a form"),
            _("%(title)s · %(form)s"),
            (Detail("form", _("form"), required=True, most=64), TITLE, CAMPAIGN),
        ),
        EventKind("app_opened", _("Opened the mini-program"), _("%(scene)s"), (Detail("scene", _("scene"), most=64),)),
        EventKind("store_visited", _("Visited a store"), "", (), at_somebody=True),
    )
}


def label(name: str) -> str:
    """The kind in words; its bare name where the catalogue no longer has it."""
    return str(KINDS[name].label) if name in KINDS else name


def line(name: str, payload: Mapping[str, Any]) -> str:
    """The details of an event in one line."""
    return KINDS[name].told(payload) if name in KINDS else ""


def reference() -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Each kind with its details and what each must be, for the API's description."""
    for kind in KINDS.values():
        yield kind.name, str(kind.label), [(detail.key, _must_be(detail)) for detail in kind.details]


def _must_be(detail: Detail) -> str:
    needed = say("required") + ", " if detail.required else ""
    if detail.kind == "number":
        return f"{needed}{detail.least}…{detail.most}"
    if detail.kind == "choice":
        return needed + " | ".join(detail.choices)
    return needed + say("text up to %(most)d characters") % {"most": detail.most}
