"""What WeCom refuses, by what there is to do about it. No Django here.

The table is the one of WeCom's global error codes; an unknown code means: record it and stop for this item.
"""

from datetime import datetime, timedelta


class Refused(Exception):
    """WeCom did not do what was asked. errcode is None where no answer of WeCom's says one."""

    def __init__(self, api: str, errcode: int | None = None, errmsg: str = "", *, arrived: bool = True) -> None:
        super().__init__(api, errcode)
        self.api, self.errcode, self.errmsg = api, errcode, errmsg
        self.arrived = arrived  # False: WeCom cannot have acted on it

    def __str__(self) -> str:  # never errmsg: it names addresses and ids
        return f"{type(self).__name__} {self.api} {self.errcode if self.errcode is not None else '-'}"


class Retry(Refused):
    """Nothing is wrong with the call: repeat it, with growing pauses."""


class TimedOut(Retry):
    """No answer in time; unless arrived is False, WeCom may have acted."""


class BadReply(Retry):
    """The answer is not what this API answers: HTML, cut-off JSON, a number where a text belongs."""


class TokenRefused(Refused):
    """The token was refused, and so was the fresh one."""


class BackOff(Refused):
    """Too much: this API of this corp rests until an instant."""

    def __init__(self, api: str, errcode: int | None = None, errmsg: str = "", *, until: datetime) -> None:
        super().__init__(api, errcode, errmsg)
        self.until = until


class WorldChanged(Refused):
    """What we believe is out of date (a relation ended, consent is missing): mend our data, do not repeat blindly."""


class GiveUp(Refused):
    """This item cannot be done: record and stop."""


class NeedsFix(Refused):
    """Configuration or programming error: show it to a person, never loop."""


def _codes(text: str) -> frozenset[int]:
    return frozenset(int(code) for code in text.split())


RETRY = _codes("-1 40085 6000")
TOKEN = _codes("40014 42001 40082 42009")
STATE = _codes("84061 84084 41053 41062 95007 95013 95018")
FIX = _codes(
    "40001 40013 40091 41001 41002 41004 40056 40057 40058 40063 48001 48002 48004 48006 48009 50001 50003 60020 45029 "
    "60031 41009 60021 60011 81013 81017 84083 701008 301002 41035 41056 84074 40098 43009 41057 610016 40072 81011 "
    "41037 41038 41039 41040 41041 41042 41043 41054 41091 41049 41058 41046 41052 41064 41065 41072 41088 44004 "
    "45002 40007 45001 41089 41098 40097 40130 90500 90502 86008 40093 42012 84025 85005 85008 40083 40084 42007 "
    "84069 90207 95000 95016 48007"
)
GIVE_UP = _codes(
    "50002 40003 46004 60111 60123 301021 40096 40099 610004 610014 40068 40071 40126 41044 41045 41050 41051 41055 "
    "41047 41048 41093 41094 40201 41060 41061 41067 41095 40128 40131 40132 90501 90503 90504 90508 86001 86003 "
    "40029 42003 42022 84014 84015 95002 95004"
)
TOO_OFTEN = 45009
# code -> seconds to rest; the block after 45009 lasts as long as the window that was exceeded (a minute at least)
BACK_OFF: dict[int, float] = {
    TOO_OFTEN: 60,
    45033: 3,
    45035: 2,
    41096: 0.7,
    41063: 60,
    41078: 60,
    41079: 60,
    40100: 300,
    40129: 300,
    90507: 300,
    85004: 86_400,
    95001: 60,
}
ACTIONS: dict[int, type[Refused]] = {
    **dict.fromkeys(RETRY, Retry),
    **dict.fromkeys(TOKEN, TokenRefused),
    **dict.fromkeys(STATE, WorldChanged),
    **dict.fromkeys(FIX, NeedsFix),
    **dict.fromkeys(GIVE_UP, GiveUp),
    **dict.fromkeys(BACK_OFF, BackOff),
}

WRONG_SECRET = _codes("40001 40013 40091 41002 41004 50003 60020")
CONFIGURATION = WRONG_SECRET | _codes("48001 48002 48004 48006 48009 60031")


def refusal(api: str, errcode: int, errmsg: str, at: datetime) -> Refused:
    """The error of a code, of the class that says what to do about it."""
    kind = ACTIONS.get(errcode, GiveUp)
    if kind is BackOff:
        return BackOff(api, errcode, errmsg, until=at + timedelta(seconds=BACK_OFF[errcode]))
    return kind(api, errcode, errmsg)
