"""The link to a customer's own page: signed, for ninety days, and for her alone to keep.

Whoever holds it is not always she. A link that staff made for one customer opens for the one who made it as well, so
the page keeps in its own link how it was come by, and until a code was typed that went to a phone of hers it says
nothing of weight in her name. What is taken back is taken back whoever holds it.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.core.signing import BadSignature, TimestampSigner
from django.db.models import Exists, F, OuterRef

from members import links, persons, phones, values
from members.models import Consent, Identity, IdentityLink, Invite, Member
from stores.models import Person

SIGNER = TimestampSigner(salt="personal", sep=".")
LASTS = timedelta(days=90)
BY_CODE, BY_LINK = "~code", "~"
# What nobody of staff says for her: through a link of theirs it needs the code.
HERS_ALONE = {Consent.Purpose.SHARE_FRANCHISEE}
TOLD = "join"  # the source of what was typed on the registration page


@dataclass(frozen=True)
class Holder:
    """Who holds a link to the page of a member, as far as one can know."""

    member: Member
    link: Invite | None = None  # staff made it for her alone
    is_shown: bool = False  # a code that went to her phone was typed

    @property
    def is_she(self) -> bool:
        """Whether what she says has weight: it was shown by a code, or she is nobody but who registered here."""
        return self.is_shown or (self.link is None and len(persons.all_of(self.member.pk)) == 1)

    @property
    def speaker(self) -> Person | None:
        """In whose name words are written down until it is known that it is she: who made the link."""
        return self.link.made_by if self.link and not self.is_shown else None

    def may_give(self, purpose: str) -> bool:
        """Through a link of staff whatever they could write down themselves; what is hers alone, once it is she."""
        return self.is_she or (self.link is not None and purpose not in HERS_ALONE)


def token(member: Member, *, link: Invite | None = None, is_shown: bool = False) -> str:
    """What stands in the link."""
    made = link if link and link.member_id else None
    return SIGNER.sign(member.public_id + (BY_LINK + made.public_id if made else "") + (BY_CODE if is_shown else ""))


def holder(token: str) -> Holder | None:
    """Who holds the link, as long as it lasts and she is not erased."""
    try:
        said = SIGNER.unsign(token, max_age=LASTS)
    except BadSignature:
        return None
    public_id, _, made = said.removesuffix(BY_CODE).partition(BY_LINK)
    member = Member.objects.filter(public_id=public_id, erased_at=None).select_related("same_person_as").first()
    if member is None or (member.same_person_as and member.same_person_as.erased_at):
        return None
    link = Invite.objects.filter(public_id=made).select_related("made_by").first() if made else None
    return Holder(member, link, said.endswith(BY_CODE)) if link or not made else None


def is_hers(member: Member, phone: str) -> bool:
    """Whether the brand knows this phone as hers: of a till, an import or a code, not of whoever held a link."""
    try:
        wanted = values.indexes(Identity.Kind.PHONE, phones.normalised(phone))
    except phones.NotAPhone:
        return False
    circle = persons.all_of(member.pk)
    claims = IdentityLink.objects.filter(identity=OuterRef("pk"), until=None)
    shown = claims.filter(member__in=circle, verified=True)
    only_told = claims.filter(member=F("identity__member"), source=TOLD, verified=False)
    hers = Identity.objects.filter(member__in=circle, kind=Identity.Kind.PHONE, value__in=wanted)
    known = hers.filter(Exists(shown) | ~Exists(only_told)).values_list("pk", "member")
    return bool(set(known) - links.barred(known))
