"""/sandbox/…: drive the world. JSON in and out; what cannot be done is a 400 with {"error": "…"}.

Any call takes corp_id for another corp than the main one.

customers   POST customers {name?, unionid?, gender?, type?}
            POST scan {external_userid, config_id | state | link_id, customer_channel?, confirm?}
            POST add {external_userid, userid, state?, by?, add_way?, confirm?}
            POST accept {external_userid, userid} · delete {by: customer | guide, external_userid, userid}
            POST edit {external_userid, userid, remark?, description?, company?, tags?, personal_tags?, phones?}
            POST say {external_userid, userid, by?, text?} · rival {external_userid, userid, seconds?, wins?}
            POST confirm {msgid, userid, outcome?}
shops       POST departments {name, parent_id?} · departments/<id> {name?, parent_id?} · DELETE departments/<id>
            POST users {name?, department, position?, userid?, leads?, serves?, status?} · users/<userid>/leave
            POST users/<userid> {the same, new_userid?, console_welcome?, verified?}
tags        POST tags {group, name} · tags/<id> {name?, order?} · tags/shuffle {id?} · DELETE tags/<id>; by the console
groups      POST groups {owner, name, members?} · groups/<chat_id>/dismiss · /rename {name} · /owner {userid} · /notice
            POST groups/<chat_id>/join {external_userid | userid | members, inviter?, scene?} · /leave {…, removed?}
machine     GET world?parts= · log?since=&kind=&limit= · time · faults · switches
            POST faults {…} · DELETE faults · POST switches {…} · time {advance?, frozen?} · settle {timeout?}
            POST apps {corp_id?, agent_id?, secret?, callback_url?, …} · callback_url {url, verify?, agent_id?}
            POST verify {url?} · oauth {userid | external_userid} · limits/forget
            POST callback {slug_url, token, aes_key, corp_id, xml}
console     POST corps {name, stores?, customers?} · GET console/glance?corp_id= · GET console (a page)
            POST console/apps {name, visible?} · secret {agent_id} · callback {agent_id, url, token, aes_key}
            POST console/events {agent_id, customer?, contact?} · ips {agent_id, ips} · callable {agent_id, on}
            POST console/visible {agent_id, departments} · domain {agent_id, domain, check?}
phones      POST sms {phone, text, code?} · GET sms/all · GET sms (a page)
people      GET / (a page) · qr/<config_id>.png · code/<config_id> (what a phone opens) · chat/<userid>/<id> · img/<id>
"""

from scrm.sandbox.control import console, customers, groups, machine, pages, phones, shops, views

__all__ = ["console", "customers", "groups", "machine", "pages", "phones", "shops", "views"]
