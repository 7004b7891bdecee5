from guides.models.codes import Code, CodeGuide
from guides.models.groups import GroupChat
from guides.models.people import Guide, HouseAccount, Posting, Roster
from guides.models.relations import Ownership, Relation, RelationFact

__all__ = [
    "Code",
    "CodeGuide",
    "GroupChat",
    "Guide",
    "HouseAccount",
    "Ownership",
    "Posting",
    "Relation",
    "RelationFact",
    "Roster",
]
