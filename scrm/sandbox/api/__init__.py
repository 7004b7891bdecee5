"""/cgi-bin: the API. ENDPOINTS is the table path → function; each module beside holds one family, `door` leads in."""

from scrm.sandbox.api import (
    customers,
    directory,
    figures,
    groups,
    links,
    masses,
    media,
    messages,
    oauth,
    tags,
    tokens,
    ways,
    welcomes,
)
from scrm.sandbox.api.endpoints import ENDPOINTS

__all__ = [
    "ENDPOINTS", "customers", "directory", "figures", "groups", "links", "masses", "media", "messages", "oauth", "tags",
    "tokens", "ways", "welcomes",
]  # fmt: skip
