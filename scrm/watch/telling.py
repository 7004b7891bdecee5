"""Alarms reach people: by a message of our app in WeCom, and at a webhook; each kind once an hour at most."""

from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import requests
import structlog
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scrm import outbound
from scrm.audit import kinds
from scrm.audit.models import Alarm
from scrm.wecom import calls
from scrm.wecom.models import AlarmRecipient, App

log = structlog.get_logger()

AT_MOST_EVERY = timedelta(hours=1)
LATEST = timedelta(hours=1)  # an older message would tell nobody anything


def tell(at: datetime) -> int:
    """How many kinds were told. Those that nobody may hear yet wait for the next round."""
    recent = Alarm.objects.filter(told_at__gt=at - AT_MOST_EVERY).values("kind")
    fresh = Alarm.objects.filter(cleared_at=None, told_at=None).exclude(kind__in=recent).values_list("kind", flat=True)
    told = sorted(set(fresh))
    for kind in told:
        standing = Alarm.objects.filter(kind=kind, cleared_at=None)
        _send(kind, words(kind, standing.count()), at)
        standing.filter(told_at=None).update(told_at=at)
    return len(told)


def words(kind: str, count: int) -> str:
    """What people read: what happens, how often, what to do, and where to look. No subject, which may name somebody."""
    with translation.override(settings.LANGUAGE_CODE):
        what, advice = kinds.meaning(kind)
        many = ngettext("%(n)s alarm", "%(n)s alarms", count) % {"n": count}
        where = f"{settings.BASE_URL}/admin/audit/alarm/" if settings.BASE_URL else ""
        return "\n".join(filter(None, [_("Zhanggui alarm: %(what)s") % {"what": what}, many, str(advice), where]))


def _send(kind: str, text: str, at: datetime) -> None:
    recipients = AlarmRecipient.objects.order_by("corp_id", "userid").select_related("corp")
    for corp, group in groupby(recipients, key=lambda one: one.corp):
        app = App.objects.filter(corp=corp).order_by("pk").first()
        if app is not None:
            key = f"alarm:{kind}:{at:%Y%m%d%H%M}"
            body = message(app, [one.userid for one in group], text)
            calls.plan(corp, "message/send", body, key=key, app=app, deadline=at + LATEST, at=at)
    if settings.ALARM_WEBHOOK_URL:
        _post(kind, text)


def message(app: App, userids: list[str], text: str) -> dict[str, Any]:
    """The body of message/send; WeCom drops a repetition by itself."""
    said = {"touser": "|".join(userids), "msgtype": "text", "agentid": app.agent_id, "text": {"content": text}}
    return {**said, "enable_duplicate_check": 1, "duplicate_check_interval": 1800}


def _post(kind: str, text: str) -> None:
    """The form that WeCom's group robots take, and the kind for whoever reads by machine."""
    body: Any = {"msgtype": "text", "text": {"content": text}, "kind": kind}
    try:
        with outbound.session() as line:
            line.post(settings.ALARM_WEBHOOK_URL, json=body, timeout=(3, 5), allow_redirects=False).raise_for_status()
    except requests.RequestException as error:  # its words would quote the URL, which holds a key
        log.error("watch.webhook.failed", kind=kind, error=type(error).__name__)
