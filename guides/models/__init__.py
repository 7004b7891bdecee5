from guides.models.codes import Code, CodeGuide
from guides.models.groups import GroupChat
from guides.models.notes import Note
from guides.models.people import Guide, HouseAccount, Posting, Roster
from guides.models.relations import Ownership, Relation, RelationFact
from guides.models.syncs import Sync, SyncChunk, SyncMissing

__all__ = [
    "Code",
    "CodeGuide",
    "GroupChat",
    "Guide",
    "HouseAccount",
    "Note",
    "Ownership",
    "Posting",
    "Relation",
    "RelationFact",
    "Roster",
    "Sync",
    "SyncChunk",
    "SyncMissing",
]
