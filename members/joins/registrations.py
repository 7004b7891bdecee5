"""A customer registers: the one verb behind the page.

Who types a phone is nobody's heir: without a code sent to it she is somebody new, who claims it; only with the code, or
by a link that her guide made for her, is she the member whom we know. So the page tells nobody whom we know, and
nobody says anything in another's name. Whoever made the link for her could open it as well: through it a code shows
that it is she only if the phone was known to be hers before, and until then words count as told to who made the link.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.db import transaction

from members import consents, fields, identities, joinings, links, merges, persons, recognitions, tellings, values
from members.identities import Newcomer
from members.joins import invites, personal
from members.joins.personal import Holder
from members.models import Consent, Field, Identity, Invite, Joining, Member, Terms
from members.recognitions import Told
from scrm.audit import entries
from scrm.clock import day_of
from scrm.wecom.models import Corp
from stores.scope import scope_of

DENIED = Consent.State.DENIED
SOURCE = personal.TOLD


@dataclass(frozen=True)
class Form:
    """What she typed and ticked; the phone in its normal form."""

    phone: str
    verified: bool
    name: str = ""
    birthday: date | None = None
    fields: Mapping[Field, Any] = field(default_factory=dict)
    allows: Collection[str] = ()
    asked: Collection[str] = ()  # the purposes that she was asked about


@transaction.atomic
def register(form: Form, *, through: Invite, terms: Terms, at: datetime) -> Holder:
    """She is a member from now on and said what she allows. Twice is once: words are only added."""
    invites.used(through)
    link = through if through.member else None
    shown = form.verified and (through.member is None or personal.is_hers(through.member, form.phone))
    form = replace(form, verified=shown)
    holder = Holder(_who(form, through, at), link, shown)
    _note(holder.member, form, through, at)
    if through.store_id and not Joining.objects.filter(member=holder.member, store=through.store_id).exists():
        joinings.add([(holder.member.pk, through.store_id, day_of(at))])
    tellings.note([(Told(((Identity.Kind.PHONE.value, "", form.phone),)), through.store_id)])
    say(holder, form.allows, form.asked, terms=terms, at=at, evidence=f"join {through.public_id}")
    told: dict[str, Any] = {"store": through.store, "verified": shown}
    entries.record("member.registered", by=holder.speaker or SOURCE, subject=holder.member, at=at, **told)
    return holder


def say(
    holder: Holder, allows: Collection[str], asked: Collection[str], *, terms: Terms, at: datetime, evidence: str
) -> None:
    """What was ticked is given, as far as whoever holds the link may give it; what was asked and left is denied,
    unless she allowed or refused it before."""
    now = {p for p, c in consents.present(holder.member, at=at) if c is None}
    ticked = set(allows) & set(asked)
    left = sorted(p for p in set(asked) - ticked if p not in now)
    if given := sorted(p for p in ticked if holder.may_give(p)):
        consents.give(holder.member, given, terms=terms.version, at=at, **heard(holder, evidence))
    told = heard(holder, evidence)
    said = [consents.Said(holder.member.pk, p, at, terms.version, told["evidence"], state=DENIED) for p in left]
    consents.give_many(said, source=told["source"], by=told["by"], at=at)


def heard(holder: Holder, evidence: str) -> dict[str, Any]:
    """How the book tells by whom words came: from her, or through the one who made the link."""
    if (maker := holder.speaker) is None:
        return {"source": Consent.Source.FORM, "evidence": evidence, "by": None}
    source = Consent.Source.HQ if scope_of(maker).everything else Consent.Source.GUIDE
    return {"source": source, "evidence": f"{evidence}, through a link of staff, no code", "by": maker}


@transaction.atomic
def show(holder: Holder, phone: str, *, at: datetime) -> Holder:
    """The code that went to this phone of hers was typed: from now on it is she who speaks."""
    told = (Identity.Kind.PHONE.value, "", phone)
    known = Told((*_surest(holder.member), told), verified=frozenset({told[0]}))
    recognitions.recognise([known], source=SOURCE, at=at)
    link = holder.link.public_id if holder.link else ""
    entries.record("member.shown", by="customer", subject=holder.member, at=at, link=link)
    return replace(holder, is_shown=True)


def _who(form: Form, through: Invite, at: datetime) -> Member:
    """The person whom the link or the code names, or somebody new who claims the phone."""
    phone = (Identity.Kind.PHONE.value, "", form.phone)
    known = frozenset({phone[0]}) if form.verified else frozenset[str]()
    if through.member:
        was_hers = personal.is_hers(through.member, form.phone)
        recognitions.recognise([Told((*_surest(through.member), phone), verified=known)], source=SOURCE, at=at)
        return _marked(_root(through.member.pk), form, was_hers, at)
    told = [Told((phone,), form.name, known)]
    if (form.verified and not _is_another(form, at)) or recognitions.find(told) == [None]:
        (found,) = recognitions.recognise(told, source=SOURCE, at=at)
        if found is not None:  # None: a number for trials, or one that the brand blocks
            return _marked(_root(found), form, form.verified, at)
    return _newcomer(form, at)


def _is_another(form: Form, at: datetime) -> bool:
    """Whether who bears the phone was born on another day: carriers give numbers that were given up to others."""
    wanted = values.indexes(Identity.Kind.PHONE, form.phone)
    bearer = Member.objects.filter(identities__kind=Identity.Kind.PHONE, identities__value__in=wanted).first()
    if bearer is None or form.birthday is None:
        return False
    root = bearer.same_person_as_id or bearer.pk
    known = fields.of([root]).get((root, fields.birthday(at).pk))
    return known not in {None, form.birthday}


def _marked(member: Member, form: Form, is_known: bool, at: datetime) -> Member:
    """Of a phone that she bears because the page was told so, the book says that nothing shows it to be hers."""
    if not is_known:
        wanted = values.indexes(Identity.Kind.PHONE, form.phone)
        hers = Identity.objects.filter(member__in=persons.all_of(member.pk))
        typed = hers.filter(kind=Identity.Kind.PHONE, value__in=wanted)
        links.claim([(pk, bearer, False) for pk, bearer in typed.values_list("pk", "member")], source=SOURCE, at=at)
    return member


def _newcomer(form: Form, at: datetime) -> Member:
    """Somebody new; a phone that another member bears is claimed, for people to look at."""
    (new,) = identities.enroll([Newcomer(form.name, 0, ())], at=at)
    phone = Identity.Kind.PHONE
    borne = Identity.objects.filter(kind=phone, value__in=values.indexes(phone, form.phone)).first()
    if borne:
        merges.heed(links.claim([(borne.pk, new, False)], source=SOURCE, at=at), at=at)
    return Member.objects.get(pk=new)


def _surest(member: Member) -> tuple[tuple[str, str, str], ...]:
    """An id by which the member of a guide's link is known in WeCom."""
    known = Identity.objects.filter(member=member, kind=Identity.Kind.EXTERNAL_USERID).order_by("pk").first()
    corps = {corp.pk: corp.corp_id for corp in Corp.objects.all()}
    return ((known.kind, corps[known.corp_id], known.value),) if known and known.corp_id else ()


def _root(member: int) -> Member:
    return Member.objects.get(pk=persons.roots([member])[member])


def _note(member: Member, form: Form, through: Invite, at: datetime) -> None:
    """Registered from the first time on, a name that nobody told, and what she told beside."""
    told: dict[str, Any] = {}
    if member.registered_at is None:
        told["registered_at"] = at
    if form.name and not member.name:
        told["name"] = form.name
    if told:
        Member.objects.filter(pk=member.pk).update(**told)
    _fill(member, form, through, at)
    member.refresh_from_db()


def _fill(member: Member, form: Form, through: Invite, at: datetime) -> None:
    """Who is known only by a link or by nothing fills what is empty and overwrites nothing: so nobody makes an adult
    a minor, or a minor an adult, by typing a birthday (`ages`)."""
    said = {field: value for field, value in form.fields.items() if value is not None}
    if form.birthday and (form.verified or member.minor_until is None):
        said[fields.birthday(at)] = form.birthday
    held = fields.of([member.pk])
    told = [
        fields.Told(member.pk, field, v)
        for field, v in said.items()
        if form.verified or (member.pk, field.pk) not in held
    ]
    fields.write(told, source=SOURCE, by=None, store=through.store, at=at)
