"""Who comes from WeCom: the address that asks there, and the person whom the code that comes back names."""

from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.db import IntegrityError
from django.db.models.functions import Lower

from guides import roster, staff
from guides.models import Guide
from scrm.wecom.client import client_for
from scrm.wecom.errors import BackOff, NeedsFix, Refused, Retry
from scrm.wecom.models import App, Corp
from stores.departments import stores_by_department
from stores.models import Person

log = structlog.get_logger()
LONGEST_USERID = 64
LONGEST_CODE = 512
AUTHORIZE, QR = "/connect/oauth2/authorize", "/wwlogin/sso/login"


class Reason(StrEnum):
    """Why somebody is not let in."""

    STALE = "stale"
    REFUSED = "refused"
    STRANGER = "stranger"
    NOT_SEEN = "not_seen"
    SHUT_OUT = "shut_out"
    LATER = "later"
    DOMAIN = "domain"
    SETUP = "setup"


class TurnedAway(Exception):
    """WeCom did not tell us of anybody whom we may let in."""

    def __init__(self, reason: Reason, errcode: int | None = None, person: Person | None = None) -> None:
        super().__init__(reason, errcode)
        self.reason, self.errcode, self.person = reason, errcode, person


REASONS = {40029: Reason.STALE, 42003: Reason.STALE, 42022: Reason.STALE, 41008: Reason.STALE}
REASONS |= {50001: Reason.DOMAIN, 60011: Reason.NOT_SEEN, 60111: Reason.NOT_SEEN, 40003: Reason.NOT_SEEN}


def app_of(corp: Corp) -> App | None:
    """The app whose name stands in front of the question: the corp's first self-built one."""
    return App.objects.filter(corp=corp, agent_id__gt=0).order_by("pk").first()


def address(app: App, *, back: str, state: str, by_qr: bool) -> str:
    """Where a browser is asked who looks at it; it comes back with a code and the state."""
    said = {"appid": app.corp.corp_id, "redirect_uri": back, "state": state, "agentid": app.agent_id}
    if by_qr:
        return f"{_place(app.corp, settings.WECOM_LOGIN_URL, QR)}?{urlencode({'login_type': 'CorpApp', **said})}"
    more = {"response_type": "code", "scope": "snsapi_base"}
    return f"{_place(app.corp, settings.WECOM_AUTHORIZE_URL, AUTHORIZE)}?{urlencode({**said, **more})}#wechat_redirect"


def _place(corp: Corp, usual: str, path: str) -> str:
    """A corp with an API address of its own, such as a sandbox, asks there as well."""
    own = corp.api_base_url.rstrip("/")
    return own + path if own and own != settings.WECOM_API_BASE_URL else usual


def recognise(app: App, code: str, *, at: datetime) -> Person:
    """The person whom this code names; raises TurnedAway."""
    try:
        said = client_for(app.corp, app).directory.who_came(code)
        userid = said.get("userid")
        if not userid and (said.get("openid") or said.get("external_userid")):
            raise TurnedAway(Reason.STRANGER)
        if not isinstance(userid, str) or not _is_one(userid):
            raise TurnedAway(Reason.STRANGER if isinstance(userid, str) and "/" in userid else Reason.SETUP)
        guide = _known(app.corp, userid) or _read(app, userid, at=at)
    except Refused as refused:
        log.warning("sign_in.wecom_refused", corp=app.corp_id, errcode=refused.errcode, error=type(refused).__name__)
        raise TurnedAway(_reason(refused), refused.errcode) from None
    return _person(guide)


def _is_one(userid: str) -> bool:
    """Whether this can be a userid; people of linked corps come as `corp/userid`."""
    return 0 < len(userid) <= LONGEST_USERID and "/" not in userid and userid.isprintable()


def _reason(refused: Refused) -> Reason:
    if refused.errcode in REASONS:
        return REASONS[refused.errcode]
    return Reason.LATER if isinstance(refused, Retry | BackOff) else Reason.SETUP


def _known(corp: Corp, userid: str) -> Guide | None:
    """The guide, if we know her as somebody who works here."""
    guides = Guide.objects.annotate(low=Lower("userid")).filter(corp=corp, low=userid.lower(), person__isnull=False)
    return guides.filter(status=Guide.Status.ACTIVE).select_related("person").first()


def _read(app: App, userid: str, *, at: datetime) -> Guide:
    """WeCom says that she works here: she is read from the directory now. Raises Refused."""
    corp, client = app.corp, client_for(app.corp, app)
    told = staff.of(client.directory.user(userid))
    try:
        followers = {one.lower() for one in client.externalcontact.get_follow_user_list()}
    except NeedsFix:  # an app without customer contact lets people in all the same
        followers = set()
    stores = stores_by_department(corp)
    with suppress(IntegrityError):  # two windows of hers came at the same moment
        staff.learn(corp, [told], followers=followers, stores=stores, at=at)
    if any(department not in stores for department in told.departments):
        roster.changed([corp.pk], at=at)  # perhaps a store that we have not seen yet
    found = Guide.objects.annotate(low=Lower("userid")).select_related("person")
    return found.get(corp=corp, low=told.userid.lower())


def _person(guide: Guide) -> Person:
    person = guide.person
    if person is None or not person.is_active:
        raise TurnedAway(Reason.SHUT_OUT, person=person)
    return person
