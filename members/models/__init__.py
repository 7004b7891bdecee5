from members.models.consents import Consent, Terms
from members.models.people import Identity, Joining, Member
from members.models.tags import MemberTag, Tag, TagGroup, TagLibrary

__all__ = ["Consent", "Identity", "Joining", "Member", "MemberTag", "Tag", "TagGroup", "TagLibrary", "Terms"]
