"""Group chats: an event says that one changed; WeCom is asked what it looks like now."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

from guides import sweeps
from guides.models import GroupChat, Guide, Sync, SyncChunk
from guides.postings import Book, book_of
from scrm.audit import alarms
from scrm.ids import sql_id
from scrm.wecom.client import Client, client_for
from scrm.wecom.endpoints import pages
from scrm.wecom.errors import CONFIGURATION, BackOff, Refused, Retry, TokenRefused
from scrm.wecom.events import ChatDismissed, Received

log = structlog.get_logger()
READ_AFTER = timedelta(seconds=3)  # what WeCom says of a chat lags its event by about two seconds
AGAIN = timedelta(minutes=2)
A_BATCH = 20
A_CHUNK = 20  # owners, whose groups are read one by one
LAGS = timedelta(minutes=2)
LOOKS = ("name", "owner", "store", "version", "staff", "customers")
OWN = GroupChat.objects.filter(owner=OuterRef("pk"), dismissed_at=None)

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


def remember(chat: GroupChat, said: Mapping[str, Any], *, at: datetime) -> None:
    """The chat as WeCom shows it; its store is where its owner works."""
    remember_all([(chat, said)], at=at)
    # An event that came while we were reading has set another due time: then the chat is read once more.
    GroupChat.objects.filter(pk=chat.pk, read_due_at=chat.read_due_at).update(read_due_at=None)


@transaction.atomic
def remember_all(told: Sequence[tuple[GroupChat, Mapping[str, Any]]], *, at: datetime) -> int:
    """How many of these chats of one corp look other than before."""
    names = {said.get("owner", "").lower() for _chat, said in told}
    corps = {chat.corp_id for chat, _said in told}
    found = Guide.objects.alias(lower=Lower("userid")).filter(corp__in=corps, lower__in=names)
    owners = {guide.userid.lower(): guide for guide in found}
    homes = book_of(guide.pk for guide in owners.values())
    changed = [chat for chat, said in told if _draw(chat, said, owners.get(said.get("owner", "").lower()), homes, at)]
    GroupChat.objects.bulk_update(changed, [*LOOKS, "read_at"], batch_size=500)
    # What is shown is there after all, unless it was dismissed so lately that WeCom may show what was before.
    shown = GroupChat.objects.filter(pk__in=[chat.pk for chat, _said in told if chat.dismissed_at])
    shown.filter(dismissed_at__lt=at - LAGS).update(dismissed_at=None)
    return len(changed)


def _draw(chat: GroupChat, said: Mapping[str, Any], owner: Guide | None, homes: Book, at: datetime) -> bool:
    """Whether the chat looks other than its row, which it no longer does."""
    people = said.get("member_list", [])
    looks = {
        "name": said.get("name", "")[:120],
        "owner_id": owner.pk if owner else None,
        "store_id": homes.store_at(owner.pk, at) if owner else None,
        "version": said.get("member_version", ""),
        "staff": sum(1 for p in people if p.get("type") == 1),
        "customers": sum(1 for p in people if p.get("type") == 2),
    }
    changed = chat.read_at is None or any(getattr(chat, name) != value for name, value in looks.items())
    for name, value in {**looks, "read_at": at}.items():
        setattr(chat, name, value)
    return changed


KNOWN = """
SELECT c.id FROM guides_groupchat c WHERE c.corp_id = %(corp)s AND c.dismissed_at IS NULL
  AND c.changed_at < %(since)s AND c.owner_id IS NOT NULL
"""
LISTED = """
SELECT jsonb_array_elements_text(found -> 'chats') FROM guides_syncchunk
WHERE sync_id = %(sync)s AND phase = 'groups' AND state = 'done'
"""


class Groups:
    """The phase of the sync that reads group chats, by their owners: those who left too, whom only a filter shows."""

    name = "groups"

    def plan(self, sync: Sync, at: datetime) -> list[dict[str, Any]]:
        owners = Guide.objects.filter(corp=sync.corp_id).filter(Q(can_contact=True) | Exists(OWN)).order_by("pk")
        users = list(owners.values_list("userid", flat=True))
        return [{"owners": users[start : start + A_CHUNK]} for start in range(0, len(users), A_CHUNK)]

    def read(self, chunk: SyncChunk, at: datetime) -> Mapping[str, int]:
        client = client_for(chunk.sync.corp)
        listed = list(dict.fromkeys(_listed(client, chunk.payload["owners"])))
        chats = _chats(chunk.sync.corp_id, listed, at=at)
        told = [(chat, said) for chat in chats if (said := _look(client, chat)) is not None]
        SyncChunk.objects.filter(pk=chunk.pk).update(found={"chats": listed})
        return {"calls": 1 + len(chats), "rows": len(told), "changed": remember_all(told, at=at)}

    def finish(self, sync: Sync, at: datetime) -> Mapping[str, Any]:
        """Chats that no owner has any more are gone, unless they are suddenly many."""
        with connection.cursor() as cursor:
            told: dict[str, Any] = {"corp": sync.corp_id, "since": sync.started_at, "sync": sync.pk}
            cursor.execute(f"{KNOWN} AND c.chat_id NOT IN ({LISTED})", told)
            gone = [pk for (pk,) in cursor.fetchall()]
        known = GroupChat.objects.filter(corp=sync.corp_id, dismissed_at=None).count()
        if not sweeps.few(len(gone), known - len(gone), sync.allowed.get(self.name, 0)):
            alarms.sound("groups_shrank", sync.corp.corp_id, at=at, gone=len(gone), known=known)
            return {"shrunk": len(gone)}
        GroupChat.objects.filter(pk__in=gone).update(dismissed_at=at, read_due_at=None)
        alarms.end("groups_shrank", sync.corp.corp_id, at=at)
        return {"ended": len(gone)}


def _listed(client: Client, owners: Sequence[str]) -> Iterator[str]:
    """The chat_ids of these owners' groups; raises Refused."""
    asked = {"owner_filter": {"userid_list": list(owners)}}
    ask = client.externalcontact.groupchat_list
    for page in pages("externalcontact/groupchat/list", lambda cursor: ask(**asked, cursor=cursor)):
        yield from (row["chat_id"] for row in page["group_chat_list"])


def _chats(corp: int, chat_ids: Sequence[str], *, at: datetime) -> list[GroupChat]:
    """The rows of these chats, made for those of whom we never heard."""
    fresh = [GroupChat(corp_id=corp, chat_id=chat_id, changed_at=at) for chat_id in sorted(chat_ids)]
    GroupChat.objects.bulk_create(fresh, ignore_conflicts=True)
    return list(GroupChat.objects.filter(corp=corp, chat_id__in=chat_ids).order_by("pk"))


def _look(client: Client, chat: GroupChat) -> Mapping[str, Any] | None:
    """What WeCom shows of a listed chat; None for one that it does not show. Raises Refused."""
    try:
        said: Mapping[str, Any] = client.externalcontact.groupchat_get(chat.chat_id)["group_chat"]
    except (Retry, BackOff, TokenRefused):
        raise
    except Refused as refused:
        if refused.errcode in CONFIGURATION:
            raise
        log.info("guides.group.unreadable", group=chat.public_id, errcode=refused.errcode)
        return None
    return said
