from guides.models.codes import Code, CodeGuide
from guides.models.drifts import Drift
from guides.models.groups import GroupChat
from guides.models.notes import Note
from guides.models.officials import OfficialDay, OfficialReading
from guides.models.people import Guide, HouseAccount, Posting, Roster
from guides.models.relations import Ownership, Relation, RelationFact
from guides.models.syncs import Sync, SyncChunk, SyncMissing

__all__ = [
    "Code",
    "CodeGuide",
    "Drift",
    "GroupChat",
    "Guide",
    "HouseAccount",
    "Note",
    "OfficialDay",
    "OfficialReading",
    "Ownership",
    "Posting",
    "Relation",
    "RelationFact",
    "Roster",
    "Sync",
    "SyncChunk",
    "SyncMissing",
]
