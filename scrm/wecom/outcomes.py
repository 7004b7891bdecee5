"""What became of welcomes, written on the letters that asked for them."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from scrm.wecom.models import Letter, OutboundCall

State, Welcome = OutboundCall.State, Letter.Welcome

ALREADY_CHATTING = 41051

WRITE = """
UPDATE wecom_letter SET welcome = o.welcome FROM unnest(%s::bigint[], %s::text[]) AS o (id, welcome)
WHERE wecom_letter.id = o.id
"""


def record(calls: Sequence[OutboundCall], at: datetime) -> None:
    """Final answers to send_welcome_msg become the letters' outcomes."""
    found = {call.letter_id: outcome(call).value for call in calls if call.letter_id}
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [list(found), list(found.values())])


def outcome(call: OutboundCall) -> Letter.Welcome:
    """41051 after a try of ours that got no answer means that it had arrived; otherwise another was quicker."""
    if call.state == State.DONE:
        return Welcome.SENT
    if call.state == State.EXPIRED:
        return Welcome.EXPIRED
    if call.errcode == ALREADY_CHATTING:
        return Welcome.SENT if call.in_doubt else Welcome.ELSEWHERE
    return Welcome.FAILED
