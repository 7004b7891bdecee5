"""Files (WeCom docs 90253, 90254, 90256). They belong to the corp, all its apps may use them."""

from typing import Any

from scrm.sandbox.api.endpoints import Blob, Call, Upload, endpoint
from scrm.sandbox.api.errors import Refusal
from scrm.sandbox.nouns import Media

LIVES = 3 * 86_400
MEGABYTE = 1024 * 1024
KEPT = 500
BIGGEST = {"image": (10, 40009), "voice": (2, 40006), "video": (10, 40006), "file": (20, 40006)}
MAGIC = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


@endpoint("POST", "media/upload")
def upload(call: Call) -> dict[str, Any]:
    """WeCom doc 90253: the part is called media; the id lives three days. errmsg is empty, created_at a string."""
    kind = call.query.get("type", "")
    if kind not in BIGGEST:
        raise Refusal(40005)
    parts = [part for part in call.uploads if part.name == "media"]
    if not parts or not parts[0].content:
        raise Refusal(44001)
    part, (most, errcode) = parts[0], BIGGEST[kind]
    if len(part.content) <= 5:
        raise Refusal(errcode)
    if len(part.content) > most * MEGABYTE:
        raise Refusal(45001)
    if kind == "image":
        _picture(part)
    kept = Media(call.world.word(44), kind, part.filename, part.content_type, part.content, int(call.now))
    _keep(call, kept.media_id, kept)
    return {"errmsg": "", "type": kind, "media_id": kept.media_id, "created_at": str(kept.created_at)}


@endpoint("POST", "media/uploadimg")
def uploadimg(call: Call) -> dict[str, Any]:
    """WeCom doc 90256: a permanent address of a picture, served by the sandbox itself."""
    if not call.uploads or not call.uploads[0].content:
        raise Refusal(44001)
    part = call.uploads[0]
    if not 5 < len(part.content) <= 2 * MEGABYTE:
        raise Refusal(40009)
    name = call.world.hex()
    _keep(call, "img:" + name, Media(name, "image", part.filename, _picture(part), part.content, int(call.now)))
    return {"errmsg": "", "url": f"{call.sandbox.base_url}/sandbox/img/{name}"}


@endpoint("GET", "media/get")
def get(call: Call) -> Blob:
    """WeCom doc 90254: the file, or by Range a piece of it."""
    if not call.query.get("media_id"):
        raise Refusal(41006)
    kept = require(call, call.query["media_id"], None)
    return Blob(kept.content, kept.content_type, kept.filename)


def require(call: Call, media_id: str, kind: str | None) -> Media:
    """The living file of an id, of this kind; else 40007 or 40145."""
    kept = call.corp.media.get(media_id)
    if kept is None or media_id.startswith("img:") or (kind and kept.type != kind):
        raise Refusal(40007)
    if call.now > kept.created_at + LIVES:
        raise Refusal(40145)
    return kept


def _picture(part: Upload) -> str:
    """The content type of a JPG or PNG; 40123 for anything else."""
    for start, kind in MAGIC.items():
        if part.content.startswith(start):
            return kind
    raise Refusal(40123)


def _keep(call: Call, name: str, kept: Media) -> None:
    call.corp.media[name] = kept
    if len(call.corp.media) > KEPT:
        del call.corp.media[next(iter(call.corp.media))]
