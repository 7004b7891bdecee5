"""What members and customers do to each other in their clients: scan, add, accept, delete, edit, chat.

none → half → full → one-way → none, as callbacks.md 7.5; each act posts the letters that WeCom posts (doc 92130).
"""

from collections import Counter
from typing import Any

from scrm.sandbox import letters
from scrm.sandbox.clock import midnight
from scrm.sandbox.nouns import WECHAT, ContactWay, Customer, Link, Relation, User, Welcome
from scrm.sandbox.people import a_customer
from scrm.sandbox.world import URL_SAFE, Corp, World

WELCOME_LIVES = 20
ANSWERED, GUIDE_BEGAN = -1.0, -2.0  # in place of the instant since when a customer waits


class Impossible(Exception):
    """The act cannot happen in this world; the text says why."""


def meet(world: World, corp: Corp, **given: Any) -> Customer:
    """A new WeChat (or WeCom, type=2) person; somebody with a known unionid is the same person as before."""
    known = corp.unionids.get(given.get("unionid") or "")
    if known:
        return known
    kind = int(given.get("type") or WECHAT)
    look = a_customer(world.dice, kind)
    look.update({name: value for name, value in given.items() if value is not None and name in look})
    customer = Customer(external_userid=world.id(corp, "wm" if kind == WECHAT else "wo"), type=kind, **look)
    corp.customers[customer.external_userid] = customer
    if customer.unionid:
        corp.unionids[customer.unionid] = customer
    return customer


def scan(world: World, corp: Corp, customer: Customer, way: ContactWay, *, confirm: bool = True) -> Relation:
    """The customer scans a contact way; the same person always meets the same member behind a code for several."""
    user = _member_behind(world, corp, customer, way)
    return ask(
        world, corp, user, customer, state=way.state, add_way=1, oper=customer.external_userid,
        skip_verify=way.skip_verify, confirm=confirm,
    )  # fmt: skip


def follow(
    world: World, corp: Corp, customer: Customer, link: Link, *, channel: str = "", confirm: bool = True
) -> Relation:
    """The customer opens an acquisition link; its customer_channel becomes the state."""
    way = ContactWay(link.link_id, 2, 2, 0, "", users=link.users, parties=link.parties, deleted=link.deleted)
    user = _member_behind(world, corp, customer, way)
    relation = ask(
        world, corp, user, customer, state=channel.encode()[:64].decode(errors="ignore"), add_way=16,
        oper=customer.external_userid, skip_verify=link.skip_verify, confirm=confirm,
    )  # fmt: skip
    if all(each[:2] != (customer.external_userid, user.userid) for each in link.customers):
        link.customers.append((customer.external_userid, user.userid, relation.state))
    return relation


def _member_behind(world: World, corp: Corp, customer: Customer, way: ContactWay) -> User:
    able = [user for user in members_of(corp, way) if corp.can_serve(user)]
    if way.deleted or not able:
        raise Impossible(f"nobody is behind the code {way.config_id}")
    key = (way.config_id, customer.external_userid)
    before = [user for user in able if user.userid == corp.assigned.get(key)]
    user = before[0] if before else world.dice.choice(able)
    corp.assigned[key] = user.userid
    return user


def members_of(corp: Corp, way: ContactWay) -> list[User]:
    """The members of a contact way, its departments opened up, each once."""
    found = {userid.lower(): user for userid in way.users if (user := corp.user(userid))}
    for party in way.parties:
        found.update({user.userid.lower(): user for user in corp.people_of(party, deep=True) if user.serves})
    return list(found.values())


def ask(
    world: World, corp: Corp, user: User, customer: Customer, *,
    state: str = "", add_way: int, oper: str, skip_verify: bool = True, confirm: bool = True,
) -> Relation:  # fmt: skip
    """The customer asks to be added; who is a friend already stays one, and nothing is said."""
    relation = relation_of(world, corp, user, customer)
    if relation.status == "full":
        return relation
    if relation.status != "half":
        if oper == user.userid:  # WeCom counts the applications that members make, not those of customers
            count(world, corp, user.userid, "new_apply_cnt")
        if state or relation.status == "none":
            relation.state = state
        relation.add_way, relation.oper_userid = add_way, oper
        relation.asked, relation.welcome = True, None
        if skip_verify and (world.switches.half_first or not confirm):
            _half(world, corp, user, relation)
    return accept(world, corp, user, relation) if confirm else relation


def relation_of(world: World, corp: Corp, user: User, customer: Customer) -> Relation:
    """The pair's relation, made (as none) when there was none."""
    key = (user.userid.lower(), customer.external_userid)
    relation = corp.relations.get(key)
    if relation is None:
        relation = Relation(world.count(), user.userid, customer.external_userid)
        corp.relations[key] = relation
        corp.by_user.setdefault(key[0], {})[key[1]] = relation
        corp.by_customer.setdefault(key[1], {})[key[0]] = relation
    return relation


def _half(world: World, corp: Corp, user: User, relation: Relation) -> None:
    relation.customer_side, relation.chatting = True, False
    code = _welcome_code(world, corp, user, relation)
    _tell(world, corp, "add_half_external_contact", relation, State=relation.state or None, WelcomeCode=code)


def accept(world: World, corp: Corp, user: User, relation: Relation) -> Relation:
    """The member has the customer now: add_external_contact."""
    if not relation.asked:
        raise Impossible(f"{relation.external_userid} has not asked {relation.userid}")
    now = world.clock.now()
    if not relation.guide_side:
        _begin_anew(relation, now)
    elif not _keeps_createtime(world):
        relation.createtime = int(now)
    if not relation.customer_side:
        relation.chatting = False
    relation.guide_side = relation.customer_side = True
    relation.asked = False
    count(world, corp, user.userid, "new_contact_cnt")
    code = _welcome_code(world, corp, user, relation)
    _tell(world, corp, "add_external_contact", relation, State=relation.state or None, WelcomeCode=code)
    return relation


def _begin_anew(relation: Relation, now: float) -> None:
    relation.createtime, relation.shown_from, relation.hidden_from = int(now), now, None
    relation.remark = relation.description = relation.remark_company = ""
    relation.remark_mobiles, relation.tags, relation.personal_tags = [], [], []


def _keeps_createtime(world: World) -> bool:
    kept = world.switches.createtime_kept
    return world.dice.random() < 0.5 if kept == "dice" else bool(kept)


def _welcome_code(world: World, corp: Corp, user: User, relation: Relation) -> str | None:
    """A code for 20 s; none when the console welcomes, a chat began, the half's code is used, or for WeCom people."""
    customer = corp.customers[relation.external_userid]
    welcome = relation.welcome or Welcome(relation)
    if user.console_welcome or relation.chatting or customer.type != WECHAT or welcome.used:
        return None
    relation.welcome = welcome
    code = world.word(43, URL_SAFE)
    corp.welcomes[code] = (welcome, world.clock.now() + WELCOME_LIVES)
    if len(corp.welcomes) > 50_000:
        del corp.welcomes[next(iter(corp.welcomes))]
    return code


def delete(world: World, corp: Corp, relation: Relation, *, by: str) -> None:
    """Either side deletes the other; a side that does not have the other cannot."""
    if by == "customer":
        if not relation.customer_side:
            raise Impossible("the customer does not have the guide")
        relation.customer_side = relation.asked = False
        count(world, corp, relation.userid, "negative_feedback_cnt")
        _tell(world, corp, "del_follow_user", relation)
    else:
        if not relation.guide_side:
            raise Impossible("the guide does not have the customer")
        relation.guide_side, relation.hidden_from = False, world.clock.now()
        _tell(world, corp, "del_external_contact", relation)


def edit(world: World, corp: Corp, relation: Relation, **changes: Any) -> None:
    """The member writes in her client; an edit of nothing but the phones is told only if the switch says so."""
    if not relation.guide_side:
        raise Impossible("the guide does not have the customer")
    changes = {name: value for name, value in changes.items() if value is not None}
    for name, value in changes.items():
        setattr(relation, name, value)
    if set(changes) - {"remark_mobiles"} or (changes and world.switches.phone_edits):
        _tell(world, corp, "edit_external_contact", relation, State=relation.state or None)


def say(world: World, corp: Corp, relation: Relation, *, by: str) -> None:
    """One of the two writes a message: the chat has begun, so no welcome any more."""
    if not relation.customer_side:
        raise Impossible("they cannot chat")
    relation.chatting = True
    now = world.clock.now()
    chats = corp.replies.setdefault((relation.userid.lower(), midnight(now)), {})
    since = chats.setdefault(relation.external_userid, [])
    if by == "customer":
        since[:] = since or [now]
    else:
        count(world, corp, relation.userid, "message_cnt")
        _reply(corp.happenings[relation.userid.lower(), midnight(now)], since, now)
        corp.happenings[relation.userid.lower(), midnight(now)]["chat_cnt"] = sum(
            bool(each) and each[0] < 0 for each in chats.values()
        )


def _reply(tally: Counter[str], since: list[float], now: float) -> None:
    """The first answer of the day to a chat that the customer began is the one that counts."""
    if since and since[0] >= 0:
        tally["replied"] += 1
        tally["reply_seconds"] += int(now - since[0])
        since[:] = [ANSWERED]
    else:
        since[:] = since or [GUIDE_BEGAN]


def count(world: World, corp: Corp, userid: str, what: str) -> None:
    """One more of a day's figures of a member, for get_user_behavior_data."""
    corp.happenings.setdefault((userid.lower(), midnight(world.clock.now())), Counter())[what] += 1


def _tell(world: World, corp: Corp, change: str, relation: Relation, **extra: str | None) -> None:
    user = corp.user(relation.userid)
    if user and user.serves:
        world.tell(corp, letters.contact(corp, world.clock.seconds(), change, relation, **extra), about=user)
