"""Sandbox WeCom: a whole WeCom in one process, its world, its HTTP API, its callbacks. It knows nothing of the product.

    from scrm import sandbox

    with sandbox.running(seed=1, stores=2, frozen_at=1_790_000_000, callback_url=receiver_url) as wx:
        wx.base_url                                   # for WECOM_API_BASE_URL; a free port unless port= is given
        wx.corp_id, wx.agent_id, wx.secret, wx.token, wx.aes_key, wx.slug
        mei = wx.customer(name="梅")
        wx.scan(mei, config_id=config_id)             # or state=…; letters follow as WeCom sends them
        wx.add(mei, "chenjing")
        wx.delete(mei, "chenjing", by="customer")     # or by="guide"
        wx.do("POST", "groups", owner="chenjing", name="会员群")   # any control call, without HTTP
        wx.settle()                                   # every letter that is due has been sent
        wx.advance(20)                                # the world's clock; letters waiting for a retry come due
        wx.letters(), wx.calls("send_welcome_msg"), wx.messages()  # the log
        wx.faults.set(duplicate=True); wx.faults.clear()
        wx.sealed(xml).query, wx.sealed(xml).body     # any letter sealed for this app, for a Django test client

`callback_url` may be an origin (the product's path is added), and may come later: `wx.listen(url)`. Without one,
letters are only written into the log. `send=` (url, body, timeout) → (status, text) replaces the postman.
`Sandbox(…)` without `start()` has no threads and no port: drive it with `do`, `answer` and `courier.step()`.
On the command line: `python -m scrm.sandbox --port 8100` or `manage.py sandbox`.
Switches are documented in `world.Switches`, faults in `faults`, control calls in `control`.
"""

from scrm.sandbox.sandbox import Sandbox, running

__all__ = ["Sandbox", "running"]
