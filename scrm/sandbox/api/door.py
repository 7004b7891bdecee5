"""From an HTTP request to an endpoint and back, in WeCom's order of checks: path, token, rights, limits, business."""

import json
import time
from typing import TYPE_CHECKING, Any

from scrm.sandbox.api import ENDPOINTS
from scrm.sandbox.api.bodies import WARNING, Body
from scrm.sandbox.api.endpoints import Blob, Call, Endpoint, Upload
from scrm.sandbox.api.errors import Refusal
from scrm.sandbox.http import NOT_FOUND, Request, Response

if TYPE_CHECKING:
    from scrm.sandbox.sandbox import Sandbox

LOGGED = 4096


def answer(sandbox: "Sandbox", request: Request) -> Response | None:
    """The API's answer; None means that the connection is cut without one."""
    endpoint = ENDPOINTS.get(request.path)
    if endpoint is None:
        return NOT_FOUND
    started = time.monotonic()
    call = _call(sandbox, endpoint, request)
    fault = sandbox.faults.of_api(request.path) or {}
    time.sleep(sandbox.faults.slowness(request.path))
    try:
        fields = _checked(endpoint, request, call, fault)
        blob, body = (fields, {}) if isinstance(fields, Blob) else (None, _success(call, fields))
    except Refusal as refusal:
        blob, body = None, _failure(sandbox, endpoint, call, refusal)
    _log(sandbox, request, call, body if blob is None else {"file": blob.filename}, started)
    if fault.get("lose_answer") or fault.get("hang"):
        time.sleep(float(fault.get("hang") or 0))
        return None
    if blob is not None:
        return _file(request, blob)
    return _json(body, int(fault.get("http_status") or 200))


def _call(sandbox: "Sandbox", endpoint: Endpoint, request: Request) -> Call:
    """What the endpoint reads: the query always, the body only if it is a POST endpoint."""
    reads_body = endpoint.method == "POST" and request.method == "POST"
    uploads = uploads_of(request) if reads_body else []
    body = Body.of(request.body) if reads_body and not uploads else Body()
    return Call(sandbox, request.query, body, uploads, request.ip)


def _checked(endpoint: Endpoint, request: Request, call: Call, fault: dict[str, Any]) -> "dict[str, Any] | Blob":
    """The endpoint's answer after all checks that come before it."""
    if endpoint.token:
        _identify(call, endpoint)
    if fault.get("errcode") is not None and not fault.get("lose_answer"):
        raise Refusal(int(fault["errcode"]), str(fault.get("errmsg") or ""))
    if endpoint.method == "POST" and request.method != "POST":
        raise Refusal(40058)
    if call.world.switches.refuse_escapes and b"\\u" in request.body:
        raise Refusal(40033)
    if not endpoint.token:
        with call.world.lock:
            return endpoint.function(call)
    return _within_limits(endpoint, call)


def _identify(call: Call, endpoint: Endpoint) -> None:
    """Whose token is it, and may this app call this from here?"""
    text = call.query.get("access_token", "")
    if not text:
        raise Refusal(41001)
    token, errcode = call.sandbox.tokens.find(text)
    if token is None:
        raise Refusal(errcode)
    call.app, call.corp = token.app, call.world.corps[token.app.corp_id]
    if call.app.trusted_ips is not None and call.ip not in call.app.trusted_ips:
        raise Refusal(60020)
    if endpoint.contact and (call.app.kind != "app" or not call.app.customer_contact):
        raise Refusal(48002)


def _within_limits(endpoint: Endpoint, call: Call) -> "dict[str, Any] | Blob":
    limits, corp_id = call.sandbox.limits, call.corp.corp_id
    refused = limits.enter(corp_id, endpoint.path)
    if refused:
        raise Refusal(refused)
    try:
        with call.world.lock:
            return endpoint.function(call)
    finally:
        limits.leave(corp_id, endpoint.path)


def _success(call: Call, fields: dict[str, Any]) -> dict[str, Any]:
    return {"errcode": 0, "errmsg": WARNING + "ok" if call.body.dropped else "ok", **fields}


def _failure(sandbox: "Sandbox", endpoint: Endpoint, call: Call, refusal: Refusal) -> dict[str, Any]:
    """An error as WeCom words it; the endpoint's lists are there and empty."""
    hint = f"{sandbox.world.clock.seconds()}{sandbox.hints.randrange(10**13):013d}"
    text = (
        f"{WARNING if call.body.dropped else ''}{refusal.errmsg}, hint: [{hint}], from ip: {call.ip}, "
        f"more info at https://open.work.weixin.qq.com/devtool/query?e={refusal.errcode}"
    )
    return {"errcode": refusal.errcode, "errmsg": text, **{name: [] for name in endpoint.lists}, **refusal.fields}


def _json(body: dict[str, Any], status: int) -> Response:
    headers = {
        "Content-Type": "application/json; charset=UTF-8",
        "Error-Code": str(body["errcode"]),
        "Error-Msg": body["errmsg"].partition(", hint")[0] or "ok",
    }
    return Response(status, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), headers)


def _file(request: Request, blob: Blob) -> Response:
    """A file, or the bytes of it that a Range asks for."""
    headers = {
        "Content-Type": blob.content_type,
        "Content-disposition": f'attachment; filename="{blob.filename}"'.encode().decode("latin-1"),
    }
    unit, _, span = request.headers.get("range", "").partition("=")
    first, _, last = span.partition("-")
    if unit != "bytes" or not first.isdigit():
        return Response(200, blob.content, headers)
    start, total = int(first), len(blob.content)
    end = min(int(last) if last.isdigit() else total - 1, total - 1)
    headers["Content-Range"] = f"bytes {start}-{end}/{total}"
    return Response(206, blob.content[start : end + 1], headers)


def _log(sandbox: "Sandbox", request: Request, call: Call, body: dict[str, Any], started: float) -> None:
    """What was asked and answered, without secrets; long answers are cut."""
    size = len(json.dumps(body, ensure_ascii=False)) if len(body) > 2 else 0
    if size > LOGGED:
        body = {"errcode": body.get("errcode"), "errmsg": body.get("errmsg"), "cut": size}
    asked = call.body.data if len(request.body) <= 4 * LOGGED else {"cut": len(request.body)}
    sandbox.log.add(
        "api", sandbox.world.clock.now(), method=request.method, path=request.path,
        query={name: value for name, value in request.query.items() if name not in ("access_token", "corpsecret")},
        body=asked, uploads=[part.filename for part in call.uploads], answer=body,
        corp_id=call.app.corp_id if call.app else "", agent_id=call.app.agent_id if call.app else "",
        ms=round((time.monotonic() - started) * 1000, 1),
    )  # fmt: skip


def uploads_of(request: Request) -> list[Upload]:
    """The parts of a multipart body that are files; file names come as raw UTF-8."""
    kind, _, rest = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() != "multipart/form-data":
        return []
    boundary = rest.partition("boundary=")[2].split(";")[0].strip().strip('"').encode()
    found = []
    for part in request.body.split(b"--" + boundary)[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        lines = dict(
            line.split(":", 1) for line in head.decode("utf-8", "replace").lower().split("\r\n") if ":" in line
        )
        words = _words(head.decode("utf-8", "replace"))
        kind = lines.get("content-type", "application/octet-stream").strip()
        found.append(Upload(words.get("name", ""), words.get("filename", ""), kind, content.removesuffix(b"\r\n")))
    return found


def _words(head: str) -> dict[str, str]:
    """name="…" pairs of a part's head."""
    pairs = (word.strip().partition("=") for word in head.replace("\r\n", ";").split(";"))
    return {name.lower(): value.strip('"') for name, sign, value in pairs if sign}
