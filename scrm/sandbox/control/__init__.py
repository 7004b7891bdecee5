"""/sandbox/…: drive the world. JSON in and out; what cannot be done is a 400 with {"error": "…"}.

Any call takes corp_id for another corp than the main one.

customers   POST customers {name?, unionid?, gender?, type?} · scan {external_userid, config_id|state|link_id, confirm?}
            add {external_userid, userid, state?, by?, add_way?} · accept {external_userid, userid}
            delete {by, external_userid, userid} · edit {external_userid, userid, remark?, description?, company?, tags?,
            personal_tags?, phones?} · say {external_userid, userid, by} · rival {external_userid, userid, seconds?, wins?}
shops       POST departments {name, parent_id?} · departments/<id> {name?, parent_id?} · DELETE departments/<id>
            POST users {name, department, position?, userid?, leads?, serves?, status?} · users/<userid> {the same,
            new_userid?, console_welcome?, verified?} · users/<userid>/leave
tags        POST tags {group, name} · tags/<id> {name?, order?} · DELETE tags/<id> · tags/shuffle {id?}  (by the console)
groups      POST groups {owner, name, members?} · groups/<chat_id>/join {external_userid|userid|members, inviter?, scene?}
            groups/<chat_id>/leave {external_userid|userid|members, removed?} · /dismiss · /rename {name} · /owner {userid}
            /notice {notice}
machine     GET world · log?since=&kind=&limit= · GET, POST, DELETE faults · GET, POST switches · POST time {advance |
            frozen} · GET time · POST apps {…} · callback_url {url, verify?, agent_id?} · verify {url?} · oauth {userid |
            external_userid} · callback {slug_url, token, aes_key, corp_id, xml} · limits/forget · settle {timeout?}
people      GET / (a page) · qr/<config_id>.png · img/<id> · code/<config_id> (what a phone opens) · chat/<userid>/<id>
"""

from scrm.sandbox.control import customers, machine, views

__all__ = ["customers", "machine", "views"]
