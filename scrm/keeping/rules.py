"""What is removed after how many days. Each rule is one kind of data; what no rule names is kept for ever."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of `table` older than the setting's days by `column`, if `only` holds, are deleted, or emptied by `blank`.

    `in_order`: rows are written in the order of their ids, so that the first young one ends the search.
    """

    name: str
    table: str
    column: str
    what: Any
    only: str = "true"
    blank: str = ""
    in_order: bool = True
    setting: str = ""  # KEEP_<SETTING>_DAYS; the name's own where it is empty

    @property
    def days(self) -> int:
        return int(settings.KEEP_DAYS[self.setting or self.name])


RULES = (
    Rule(
        "LETTER_BODIES",
        "wecom_letter",
        "received_at",
        _("The sealed text of callbacks; what they told stays in the facts"),
        only="state = 'applied' AND body <> ''",
        blank="body = ''",
    ),
    Rule(
        "LETTERS",
        "wecom_letter",
        "received_at",
        _("Callbacks: when which came, and what became of it"),
        only="state <> 'waiting'",
    ),
    Rule("REPEATS", "wecom_repeat", "received_at", _("That WeCom delivered a callback again"), setting="LETTERS"),
    Rule(
        "CALL_BODIES",
        "wecom_outboundcall",
        "created_at",
        _("What calls to WeCom said and what WeCom answered"),
        only="state IN ('done', 'failed', 'expired') AND told_at IS NOT NULL AND (body <> '' OR result IS NOT NULL)",
        blank="body = '', result = NULL",
    ),
    Rule(
        "CALLS",
        "wecom_outboundcall",
        "created_at",
        _("Calls to WeCom: when, which, and what became of it"),
        only="state IN ('done', 'failed', 'expired', 'unknown') AND answered_at IS NOT NULL AND told_at IS NOT NULL",
    ),
    Rule("ANSWERS", "rest_keptanswer", "kept_at", _("Answers to API writes that carried an Idempotency-Key")),
    Rule("SESSIONS", "stores_session", "expire_date", _("Sessions that are over"), in_order=False),
    Rule("ATTEMPTS", "stores_attempt", "at", _("Fingerprints of sign-ins that failed"), in_order=False),
    Rule("COPIES", "members_copy", "made_at", _("Copies of persons' data")),
    Rule("KNOCKS", "members_knock", "at", _("Fingerprints of knocks at the registration page")),
    Rule("PHONE_CODES", "members_phonecode", "at", _("Codes sent to phones"), setting="KNOCKS"),
    Rule("ALARMS", "audit_alarm", "cleared_at", _("Alarms that are over"), in_order=False),
    Rule(
        "SYNC_MISSING",
        "guides_syncmissing",
        "read_at",
        _("What syncs did not find"),
        only="sync_id IN (SELECT id FROM guides_sync WHERE state <> 'running')",
        setting="SYNC_CHUNKS",
    ),
    Rule(
        "SYNC_CHUNKS",
        "guides_syncchunk",
        "due_at",
        _("What parts of syncs have read"),
        only="sync_id IN (SELECT id FROM guides_sync WHERE state <> 'running')",
    ),
    Rule("PACKS", "members_packdownload", "at", _("Who was in audience packs that left the house")),
    Rule(
        "SEGMENT_MOVES",
        "members_segmentchange",
        "at",
        _("Who entered and left segments; how many did so on each day stays"),
        only="day <= (SELECT max(day) FROM members_segmentday)",  # a day is summed up before its rows go
    ),
    Rule("STATISTICS", "guides_officialday", "first_read_at", _("What WeCom counts of each guide's days")),
    Rule(
        "MARKINGS",
        "members_marking",
        "at",
        _("Tags that were to be put on in WeCom, and what became of it; what customers bear stays"),
        only="state NOT IN ('waiting', 'asked')",
    ),
    Rule(
        "PUSH_BODIES",
        "members_push",
        "received_at",
        _("The sealed text of what sources pushed; what it told stays in orders and events"),
        only="state = 'applied' AND body <> ''",
        blank="body = ''",
    ),
    Rule(
        "PUSHES",
        "members_push",
        "received_at",
        _("What sources pushed: when, and what became of it"),
        only="state = 'applied'",
    ),
    Rule(
        "DELIVERIES",
        "members_delivery",
        "at",
        _("What sources delivered, and how much of it was refused"),
        only="NOT EXISTS (SELECT FROM members_push p WHERE p.delivery_id = members_delivery.id)",
    ),
    Rule("CONTACT_COUNTS", "dashboard_contactcount", "counted_at", _("The daily count of contacts")),
)
