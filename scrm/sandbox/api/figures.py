"""What members did, day by day (WeCom doc 92132), computed from what happened in the world.

chat_cnt counts the chats in which the member wrote; new_apply_cnt the applications that she made; the share of replies
is of the chats that customers began, and is missing where there were none.
"""

from collections import Counter
from typing import Any

from scrm.sandbox.api.endpoints import Call, endpoint
from scrm.sandbox.api.errors import Refusal
from scrm.sandbox.clock import DAY, midnight
from scrm.sandbox.relations import GUIDE_BEGAN

MOST_DAYS = 30
OLDEST = 180
COUNTED = ("chat_cnt", "message_cnt", "negative_feedback_cnt", "new_apply_cnt", "new_contact_cnt")


@endpoint("POST", "externalcontact/get_user_behavior_data", lists=("behavior_data",))
def get_user_behavior_data(call: Call) -> dict[str, Any]:
    """WeCom doc 92132: one series, summed over all members named; zeros while a day's figures are not ready."""
    userids, parties = call.body.texts("userid") or [], call.body.numbers("partyid") or []
    if not userids and not parties:
        raise Refusal(41009)
    if any(party not in call.corp.departments for party in parties):
        raise Refusal(60123)
    users = {call.user(userid).userid.lower() for userid in userids}
    users |= {user.userid.lower() for party in parties for user in call.corp.people_of(party, deep=True)}
    start, end = days_of(call, "start_time", "end_time", both=True)
    return {"behavior_data": [_day(call, users, day) for day in range(start, end, DAY)]}


def days_of(call: Call, start_name: str, end_name: str, *, both: bool = False) -> tuple[int, int]:
    """The first midnight and the one after the last day; 600018 for a window that is not allowed."""
    start, end = call.body.number(start_name), call.body.number(end_name)
    if start is None or (both and end is None):
        raise Refusal(600018)
    start, end = midnight(start), midnight(start if end is None else end) + DAY
    if not start < end <= start + (MOST_DAYS + 1) * DAY or start < midnight(call.now) - OLDEST * DAY:
        raise Refusal(600018)
    return start, end


def _day(call: Call, users: set[str], day: int) -> dict[str, Any]:
    total: Counter[str] = Counter()
    asked = 0
    ready = call.now >= day + DAY + late if (late := call.world.switches.figures_late) else True
    for user in users if ready else ():
        total.update(call.corp.happenings.get((user, day), {}))
        chats = call.corp.replies.get((user, day), {}).values()
        asked += sum(bool(since) and since[0] != GUIDE_BEGAN for since in chats)
    said: dict[str, Any] = {"stat_time": day, **{name: total[name] for name in COUNTED}}
    if asked:
        said["reply_percentage"] = round(100 * min(total["replied"], asked) / asked, 2)
    if total["replied"]:
        said["avg_reply_time"] = max(1, total["reply_seconds"] // 60 // total["replied"])
    return said
