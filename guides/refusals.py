"""Whom WeCom refused in a code: it says that somebody may not stand there, not who. She is found by halves.

1. After a refusal the people whom WeCom never accepted in this code are in doubt, and it is told of the others alone;
   when it refuses even those, or when there are none, everybody is in doubt.
2. Then the first half of the doubted comes in. Accepted: they are beyond doubt, and the rest is tried at once.
   Refused: half of that half is tried.
3. Who alone among people beyond doubt is refused is the one; she leaves the code.
"""

from collections.abc import Collection, Sequence

from guides.models import Code

# What WeCom answers about a person in a contact way; anything else is about the code, the app or the corp.
# (60011 stands for codes of other apps too, and who is out of the visible range is missing in the next roster anyway.)
PERSONAL = frozenset({41054, 40098, 84074, 84083, 40003, 46004, 60111, 701008, 40099})


def trial(code: Code, meant: Sequence[str]) -> list[str]:
    """Of the people who are meant those to be told of now: without the doubted ones whose turn has not come."""
    doubted = [user for user in code.doubted if user in meant]
    waiting = set(doubted[code.trial :])
    return [user for user in meant if user not in waiting] or doubted[: max(1, len(doubted) // 2)]


def narrow(code: Code, told: Collection[str]) -> str:
    """The one whom WeCom refuses, once she is found, else ""; the code remembers who is in doubt. Not saved here."""
    fresh = [user for user in told if user not in code.doubted and user not in code.accepted_users]
    tried = [user for user in code.doubted if user in told] + fresh
    if not code.doubted and 0 < len(tried) < len(told):
        code.doubted, code.trial = tried, 0  # perhaps those whom WeCom once accepted are the trouble: first without
        return ""
    if not tried:
        tried, code.accepted_users = list(told), []
    rest = [user for user in code.doubted if user not in tried]
    if len(tried) == 1:
        code.doubted, code.trial = rest, len(rest)
        return tried[0]
    code.doubted, code.trial = tried + rest, len(tried) // 2
    return ""


def passed(code: Code, told: Collection[str], meant: Collection[str]) -> bool:
    """Whether others of those who are meant are to be tried next, now that WeCom took these. Not saved here."""
    code.accepted_users = sorted(told)
    code.doubted = [user for user in code.doubted if user in meant and user not in told]
    code.trial = len(code.doubted)
    return bool(code.doubted)
