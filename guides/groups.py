"""Group chats: an event says that one changed; WeCom is asked what it looks like now."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction

from guides.models import GroupChat, Guide
from guides.postings import book_of
from scrm.ids import sql_id
from scrm.wecom.client import client_for
from scrm.wecom.errors import BackOff, Refused, Retry
from scrm.wecom.events import ChatDismissed, Received

log = structlog.get_logger()
READ_AFTER = timedelta(seconds=3)  # what WeCom says of a chat lags its event by about two seconds
AGAIN = timedelta(minutes=2)
A_BATCH = 20

HEARD = f"""
INSERT INTO guides_groupchat (public_id, corp_id, chat_id, name, version, customers, staff, changed_at,
                              dismissed_at, read_due_at)
SELECT {sql_id("gc_")}, corp_id, chat_id, '', '', 0, 0, max(at), max(dismissed_at),
       CASE WHEN max(dismissed_at) IS NULL THEN %(due)s::timestamptz END
FROM unnest(%(corps)s::bigint[], %(chats)s::text[], %(ats)s::timestamptz[], %(ends)s::timestamptz[])
  AS told (corp_id, chat_id, at, dismissed_at)
GROUP BY corp_id, chat_id ORDER BY corp_id, chat_id
ON CONFLICT (corp_id, chat_id) DO UPDATE SET
    changed_at = greatest(guides_groupchat.changed_at, excluded.changed_at),
    dismissed_at = coalesce(guides_groupchat.dismissed_at, excluded.dismissed_at),
    read_due_at = CASE WHEN coalesce(guides_groupchat.dismissed_at, excluded.dismissed_at) IS NULL
                       THEN excluded.read_due_at END
"""


def hear(received: Sequence[Received[Any]], *, now: datetime) -> None:
    """Writes down that chats changed; a dismissed one stays dismissed, whatever comes late."""
    with connection.cursor() as cursor:
        cursor.execute(
            HEARD,
            {
                "due": now + READ_AFTER,
                "corps": [r.corp_id for r in received],
                "chats": [r.event.chat_id for r in received],
                "ats": [r.event.at for r in received],
                "ends": [r.event.at if isinstance(r.event, ChatDismissed) else None for r in received],
            },
        )


def read_due(at: datetime) -> int:
    """How many changed chats were read from WeCom (a lane of the worker)."""
    done = 0
    for chat in _claim(at):
        try:
            said = client_for(chat.corp).externalcontact.groupchat_get(chat.chat_id)["group_chat"]
        except (Retry, BackOff):
            continue  # due again when the claim runs out
        except Refused as refused:
            log.warning("guides.group.unreadable", group=chat.public_id, errcode=refused.errcode)
            GroupChat.objects.filter(pk=chat.pk, read_due_at=chat.read_due_at).update(read_due_at=None)
            continue
        remember(chat, said, at=at)
        done += 1
    return done


@transaction.atomic
def _claim(at: datetime) -> list[GroupChat]:
    due = GroupChat.objects.filter(read_due_at__lte=at, dismissed_at=None).order_by("read_due_at")
    chats = list(due.select_for_update(skip_locked=True, of=("self",)).select_related("corp")[:A_BATCH])
    for chat in chats:
        chat.read_due_at = at + AGAIN
    GroupChat.objects.bulk_update(chats, ["read_due_at"])
    return chats


@transaction.atomic
def remember(chat: GroupChat, said: Mapping[str, Any], *, at: datetime) -> None:
    """The chat as WeCom shows it; its store is where its owner works."""
    people = said.get("member_list", [])
    owner = Guide.objects.filter(corp=chat.corp_id, userid__iexact=said.get("owner", "")).first()
    GroupChat.objects.filter(pk=chat.pk).update(
        name=said.get("name", "")[:120],
        owner=owner,
        store=book_of([owner.pk]).store_at(owner.pk, at) if owner else None,
        version=said.get("member_version", ""),
        staff=sum(1 for p in people if p.get("type") == 1),
        customers=sum(1 for p in people if p.get("type") == 2),
        read_at=at,
    )
    # An event that came while we were reading has set another due time: then the chat is read once more.
    GroupChat.objects.filter(pk=chat.pk, read_due_at=chat.read_due_at).update(read_due_at=None)
