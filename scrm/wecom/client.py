"""What we say to WeCom: a wechatpy client with our own transport, tokens, quotas and errors.

wechatpy sends gettoken to a fixed host without a timeout, retries refused tokens without end and trusts every answer;
so its session, its media calls and its API classes are used, and requests go through `_request` here.
"""

import json
import threading
from typing import Any, NoReturn

import requests
import structlog
from django.conf import settings
from wechatpy.work import WeChatClient

from scrm import clock, outbound
from scrm.wecom import endpoints, lines, quotas, shapes, tokens
from scrm.wecom.errors import TOO_OFTEN, BackOff, BadReply, NeedsFix, Refused, Retry, TimedOut, TokenRefused, refusal
from scrm.wecom.models import App, Corp

log = structlog.get_logger()

Timeout = tuple[float, float]
Said = dict[str, Any]
STALE_TOKEN = (40014, 42001)
A_PART = 64 * 1024


class Client(WeChatClient):
    """One app's voice; threads may share it."""

    externalcontact = endpoints.ExternalContact()
    directory = endpoints.Directory()
    media = endpoints.Media()

    def __init__(self, app: App, base_url: str, timeout: Timeout) -> None:
        self.app = app
        self.corp_pk = app.corp_id
        self.API_BASE_URL = base_url.rstrip("/") + "/cgi-bin/"
        self.held: tokens.Token | None = None
        super().__init__(app.corp.corp_id, app.secret, timeout=timeout, auto_retry=False)
        self._http.trust_env = False  # no proxy and no .netrc of the machine between us and WeCom
        for scheme in ("https://", "http://"):
            self._http.mount(scheme, lines.Adapter(pool_connections=4, pool_maxsize=32, max_retries=0))

    @property
    def access_token(self) -> str:
        return self._token().value

    def fetch_access_token(self) -> Said:
        """What gettoken says; raises Refused. tokens.replace is its only caller, under the app's lock."""
        params = {"corpid": self.corp_id, "corpsecret": self.secret}
        return self._send("get", "gettoken", params=params, expects={"access_token": str, "expires_in": int})

    def callback_ips(self) -> list[str]:
        """The addresses from which WeCom delivers letters."""
        ips: list[str] = self.get("getcallbackip", expects={"ip_list": list})["ip_list"]
        return ips

    def call(self, api: str, body: dict[str, Any], *, paid: bool = False, timeout: Timeout | None = None) -> Said:
        """The answer to one POST; `paid`: its quota was taken before. Raises Refused."""
        said: dict[str, Any] = self.post(
            api, data=body, paid=paid, timeout=timeout or self.timeout, expects=shapes.EXPECTED.get(api, {})
        )
        return said

    def _request(self, method: str, url_or_endpoint: str, **kwargs: Any) -> Said:
        """One call; a refused token is replaced once and the call repeated once. Raises Refused."""
        api = url_or_endpoint
        if not kwargs.pop("paid", False):
            quotas.take(self.corp_pk, api, at=clock.now())
        token = self._token()
        try:
            return self._with(token, method, api, kwargs)
        except TokenRefused as refused:
            if refused.errcode not in STALE_TOKEN:
                raise
        self.held = tokens.replace(self.app, token.serial, self.fetch_access_token, clock.now())
        return self._with(self.held, method, api, kwargs)

    def _with(self, token: tokens.Token, method: str, api: str, kwargs: dict[str, Any]) -> Said:
        params = {**(kwargs.get("params") or {}), "access_token": token.value}
        files = kwargs.get("files")
        if files:  # a repeated upload would start where the first one ended
            for _name, content, *_rest in files.values():
                content.seek(0)
        try:
            return self._send(method, api, **{**kwargs, "params": params})
        except BackOff as refused:
            is_ban = refused.errcode == TOO_OFTEN
            quotas.block(self.corp_pk, api, until=refused.until, at=clock.now(), is_ban=is_ban)
            raise

    def _token(self) -> tokens.Token:
        held, at = self.held, clock.now()
        if held is None or not held.fresh(at):
            self.held = held = tokens.current(self.app, self.fetch_access_token, at)
        return held

    def _send(
        self,
        method: str,
        api: str,
        *,
        params: dict[str, Any],
        data: dict[str, Any] | None = None,
        files: Any = None,
        expects: dict[str, shapes.Shape] | None = None,
        floats: bool = False,
        timeout: Timeout | None = None,
        **_: Any,
    ) -> Said:
        body = json.dumps(data, ensure_ascii=False).encode() if data is not None else None
        try:
            with self._http.request(
                method,
                self.API_BASE_URL + api,
                params=params,
                data=body,
                files=files,
                timeout=timeout or self.timeout,
                allow_redirects=False,  # our secrets go to this host and no other
                stream=True,
            ) as answer:
                content = _content(api, answer)
        except requests.RequestException as error:
            _unanswered(api, error)
        return understand(api, answer.status_code, content, expects or {}, floats)


def _content(api: str, answer: requests.Response) -> bytes:
    """The body of an answer, unpacked; raises BadReply for one that is packed wrongly or has no end."""
    parts, size = [], 0
    try:
        for part in answer.iter_content(A_PART):
            parts.append(part)
            size += len(part)
            if size > lines.LARGEST_ANSWER:
                raise BadReply(api, None, "too large")
    except requests.exceptions.ContentDecodingError:
        raise BadReply(api, None, "cannot be unpacked") from None
    return b"".join(parts)


def _unanswered(api: str, error: requests.RequestException) -> NoReturn:
    """Raises TimedOut, or NeedsFix. The chain is cut, since requests' errors quote the URL with its token."""
    if isinstance(error, outbound.NotAllowed):
        raise NeedsFix(api, None, "the API's address is not https, or not in OUTBOUND_HOSTS", arrived=False) from None
    never_sent = isinstance(error, requests.ConnectTimeout) or "NewConnectionError" in repr(error.args)
    log.info("wecom.call.unanswered", api=api, error=type(error).__name__)
    raise TimedOut(api, arrived=not never_sent) from None


def understand(api: str, status: int, content: bytes, expects: dict[str, shapes.Shape], floats: bool = False) -> Said:
    """The answer as a dict of the shape that is expected, its texts such as a database can hold; raises Refused."""
    if status == 404:
        raise NeedsFix(api, None, "no such path", arrived=False)
    if status != 200:
        raise Retry(api, None, f"HTTP {status}")
    said = _parsed(api, content, floats)
    errcode = said.get("errcode", 0)
    if type(errcode) is not int or not -(2**31) <= errcode < 2**31:
        raise BadReply(api, None, "errcode is not a number")
    if errcode:
        raise refusal(api, errcode, str(said.get("errmsg", ""))[:300], clock.now())
    if wrong := [name for name, shape in expects.items() if not shapes.fits(said, {name: shape})]:
        raise BadReply(api, None, f"{wrong[0].rstrip('?')} is missing or of another form")
    return said


def _parsed(api: str, content: bytes, floats: bool) -> Said:
    try:
        said = json.loads(content, parse_float=float if floats else _no_float, parse_constant=_no_float)
        if shapes.ODD.search(content):
            said = shapes.readable(said)
    except (ValueError, RecursionError):
        raise BadReply(api, None, "not JSON") from None
    if type(said) is not dict:
        raise BadReply(api, None, "not an object")
    return said


def _no_float(text: str) -> NoReturn:
    raise ValueError("a fraction where WeCom counts")


_clients: dict[int, Client] = {}
_lock = threading.Lock()


def client_for(corp: Corp, app: App | None = None) -> Client:
    """The client of an app, or of the corp's first one; the same object as long as its secret and address stay."""
    found = app or App.objects.filter(corp=corp).order_by("pk").first()
    if found is None:
        raise NeedsFix("gettoken", None, "the corp has no app", arrived=False)
    base_url = corp.api_base_url or settings.WECOM_API_BASE_URL
    with _lock:
        held = _clients.get(found.pk)
        if held is None or not _same(held, found, base_url, corp):
            held = _clients[found.pk] = Client(found, base_url, settings.WECOM_TIMEOUT)
    return held


def _same(client: Client, app: App, base_url: str, corp: Corp) -> bool:
    address = base_url.rstrip("/") + "/cgi-bin/"
    return (client.secret, client.API_BASE_URL, client.corp_id) == (app.secret, address, corp.corp_id)


def forget_clients() -> None:
    """Drops what this process holds: sessions and tokens in memory."""
    with _lock:
        _clients.clear()


__all__ = ["Client", "Refused", "client_for", "forget_clients"]
