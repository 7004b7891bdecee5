"""Codes at WeCom: whether what stands there is what we want, and what to do where it is not."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from guides import codes
from guides.models import Code
from scrm.audit import alarms, entries

Trouble = Code.Trouble


class IsThere(Exception):
    """WeCom has this code: making it again would only kill its printed sheets."""


def differs(code: Code, way: Mapping[str, Any]) -> bool:
    """Whether a contact way is another than we want; one that should lead to nobody is left alone."""
    wanted = codes.wanted_way(code)
    if not wanted["user"]:
        return False
    there = {"remark": "", "state": "", **way, "skip_verify": bool(way.get("skip_verify"))}
    people = {user.lower() for user in way.get("user", [])}
    if people != {user.lower() for user in wanted.pop("user")} or way.get("party"):
        return True
    return any(there[name] != value for name, value in wanted.items())


def tell_again(code: Code, *, at: datetime) -> None:
    """WeCom is told once more what we want of the code."""
    code.wanted += 1
    code.save(update_fields=["wanted"])
    codes.push(code, at=at)


def miss(code: Code, *, at: datetime) -> None:
    """WeCom does not have the code any more: nothing is told of it until a person has it made again."""
    Code.objects.filter(pk=code.pk).update(trouble=Trouble.GONE)
    code.trouble = Trouble.GONE
    alarms.sound("code_gone", code.public_id, at=at, store=code.store.public_id, prints=code.prints)


def find_again(code: Code, *, at: datetime) -> None:
    """WeCom has it after all; what differs is told again by the comparison that follows."""
    code.trouble, code.pushed = Trouble.NONE, code.wanted
    code.save(update_fields=["trouble", "pushed"])
    for kind in ("code_gone", "code_refused"):
        alarms.end(kind, code.public_id, at=at)


def heard_late(code: Code, config_id: str, qr_url: str, *, at: datetime) -> None:
    """The config_id of a code whose making WeCom never answered."""
    code.config_id, code.qr_url, code.trouble = config_id, qr_url, Trouble.NONE
    code.qr_due_at = at if qr_url else None
    code.pushed = code.wanted  # what differs is told again by the comparison that follows
    code.save(update_fields=["config_id", "qr_url", "qr_due_at", "trouble", "pushed"])
    alarms.end("code_refused", code.public_id, at=at)


@transaction.atomic
def remake(code: Code, *, by: Any, at: datetime) -> Code:
    """The code under a new config_id, with a new picture, since WeCom lost the old one. Raises IsThere."""
    code = Code.objects.select_for_update().get(pk=code.pk)
    if code.trouble != Trouble.GONE or code.deleted_at:
        raise IsThere(code)
    entries.record("code.remade", by=by, subject=code, at=at, lost=code.config_id, prints=code.prints)
    code.config_id, code.qr_url, code.qr_image, code.qr_due_at = "", "", None, None
    code.trouble, code.prints = Trouble.NONE, 0
    code.wanted += 1
    code.save()
    alarms.end("code_gone", code.public_id, at=at)
    codes.push(code, at=at)
    return code
