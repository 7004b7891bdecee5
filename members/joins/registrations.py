"""A customer registers: the one verb behind the page.

Who types a phone is nobody's heir: without a code sent to it she is somebody new, who claims it; only with the code, or
by a link that her guide made for her, is she the member whom we know. So the page tells nobody whom we know, and
nobody says anything in another's name.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from members import consents, fields, identities, joinings, links, persons, recognitions, values
from members.ages import grown_up_on
from members.identities import Newcomer
from members.joins import invites
from members.models import Consent, Field, Identity, Invite, Joining, Member, Terms
from members.recognitions import Told
from scrm.audit import entries
from scrm.clock import day_of
from scrm.wecom.models import Corp

GIVEN, DENIED = Consent.State.GIVEN, Consent.State.DENIED
SOURCE, BIRTHDAY = "join", "birthday"


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
def register(form: Form, *, through: Invite, terms: Terms, at: datetime) -> Member:
    """She is a member from now on and said what she allows. Twice is once: words are only added."""
    invites.used(through)
    member = _who(form, through, at)
    _note(member, form, through, at)
    if through.store_id and not Joining.objects.filter(member=member, store=through.store_id).exists():
        joinings.add([(member.pk, through.store_id, day_of(at))])
    say(member, form.allows, form.asked, terms=terms, at=at, evidence=f"join {through.public_id}")
    entries.record("member.registered", by=SOURCE, subject=member, at=at, store=through.store, verified=form.verified)
    return member


def say(
    member: Member, allows: Collection[str], asked: Collection[str], *, terms: Terms, at: datetime, evidence: str
) -> None:
    """What she ticked is given, what she was asked and left is denied, unless she allowed or refused it before so."""
    now = {p for p, c in consents.present(member, at=at) if c is None}
    given = sorted(set(allows) & set(asked))
    left = sorted(p for p in set(asked) - set(allows) if p not in now)
    if given:
        consents.give(member, given, terms=terms.version, at=at, source=Consent.Source.FORM, evidence=evidence)
    said = [consents.Said(member.pk, p, at, terms.version, evidence, state=DENIED) for p in left]
    consents.give_many(said, source=Consent.Source.FORM, at=at)


def _who(form: Form, through: Invite, at: datetime) -> Member:
    """The person whom the link or the code names, or somebody new who claims the phone."""
    phone = (Identity.Kind.PHONE.value, "", form.phone)
    known = frozenset({phone[0]}) if form.verified else frozenset[str]()
    if through.member:
        recognitions.recognise([Told((*_surest(through.member), phone), verified=known)], source=SOURCE, at=at)
        return _root(through.member.pk)
    told = [Told((phone,), form.name, known)]
    if form.verified or recognitions.find(told) == [None]:
        (found,) = recognitions.recognise(told, source=SOURCE, at=at)
        if found is not None:  # None: a number for trials, or one that the brand blocks
            return _root(found)
    return _newcomer(form, at)


def _newcomer(form: Form, at: datetime) -> Member:
    """Somebody new; a phone that another member bears is claimed, for people to look at."""
    (new,) = identities.enroll([Newcomer(form.name, 0, ())], at=at)
    phone = Identity.Kind.PHONE
    borne = Identity.objects.filter(kind=phone, value__in=values.indexes(phone, form.phone)).first()
    if borne:
        links.claim([(borne.pk, new, False)], source=SOURCE, at=at)
    return Member.objects.get(pk=new)


def _surest(member: Member) -> tuple[tuple[str, str, str], ...]:
    """An id by which the member of a guide's link is known in WeCom."""
    known = Identity.objects.filter(member=member, kind=Identity.Kind.EXTERNAL_USERID).order_by("pk").first()
    corps = {corp.pk: corp.corp_id for corp in Corp.objects.all()}
    return ((known.kind, corps[known.corp_id], known.value),) if known and known.corp_id else ()


def _root(member: int) -> Member:
    return Member.objects.get(pk=persons.roots([member])[member])


def _note(member: Member, form: Form, through: Invite, at: datetime) -> None:
    """Registered from the first time on; a name that nobody told, and until when she is a minor."""
    told: dict[str, Any] = {}
    if member.registered_at is None:
        told["registered_at"] = at
    if form.name and not member.name:
        told["name"] = form.name
    if form.birthday:
        told["minor_until"] = grown_up_on(form.birthday)
    if told:
        Member.objects.filter(pk=member.pk).update(**told)
        member.refresh_from_db()
    _fill(member, form, through, at)


def _fill(member: Member, form: Form, through: Invite, at: datetime) -> None:
    """What she told beside. Who is known only by a link or by nothing fills what is empty and overwrites nothing."""
    said = {field: value for field, value in form.fields.items() if value is not None}
    if form.birthday:
        said[birthday_field(at)] = form.birthday
    held = fields.of([member.pk])
    told = [
        fields.Told(member.pk, field, v)
        for field, v in said.items()
        if form.verified or (member.pk, field.pk) not in held
    ]
    fields.write(told, source=SOURCE, by=None, store=through.store, at=at)


def birthday_field(at: datetime) -> Field:
    """The field in which birthdays stand, by which segments ask for them."""
    known = Field.objects.filter(key=BIRTHDAY).first()
    return known or fields.make(BIRTHDAY, _("Birthday"), Field.Kind.DATE, is_personal=True, by=None, at=at)
