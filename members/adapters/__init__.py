"""Systems that speak in their own words: each adapter turns what it told into the rows that orders are taken in by."""

from members.adapters import pos, taobao, wechat_shop, youzan
from members.adapters.canon import Adapter

ADAPTERS: dict[str, Adapter] = {one.ADAPTER.name: one.ADAPTER for one in (pos, wechat_shop, youzan, taobao)}
