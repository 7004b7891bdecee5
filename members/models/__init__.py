from members.models.consents import Consent, Terms
from members.models.events import Event
from members.models.fields import Field, FieldChange, FieldValue
from members.models.joins import Invite, JoinForm, Knock, PhoneCode
from members.models.links import BlockedValue, IdentityLink, Merge, Review, Rule, Telling
from members.models.markings import Marking, TagChange, TagRun
from members.models.orders import Correction, Order, OrderLine, Refund, RefundLine
from members.models.packs import Pack, PackDownload
from members.models.people import Identity, Joining, Member
from members.models.products import Product, Stock
from members.models.reach import Activation, Invitee, ReachCount
from members.models.requests import Copy, DataRequest, Forgotten, Holiday
from members.models.segmentdays import SegmentDay
from members.models.segments import (
    Audience,
    Bitmap,
    Change,
    Changed,
    Engine,
    ExclusiveGroup,
    Leaf,
    Segment,
    SegmentVersion,
    Snapshot,
)
from members.models.sources import Delivery, Push, Source
from members.models.standings import (
    Grade,
    GradeChange,
    GradeCount,
    GradeRule,
    Home,
    MemberGrade,
    MemberStage,
    Round,
    Stage,
    StageChange,
    StageRule,
)
from members.models.tagrules import SampledMember, ScoreDue, TagRule, TagSample
from members.models.tags import MemberTag, Tag, TagEnd, TagGroup, TagLibrary
from members.models.years import YearSlice

__all__ = [
    "Activation",
    "Audience",
    "Bitmap",
    "BlockedValue",
    "Change",
    "Changed",
    "Consent",
    "Copy",
    "Correction",
    "DataRequest",
    "Delivery",
    "Engine",
    "Event",
    "ExclusiveGroup",
    "Field",
    "FieldChange",
    "FieldValue",
    "Forgotten",
    "Grade",
    "GradeChange",
    "GradeCount",
    "GradeRule",
    "Holiday",
    "Home",
    "Identity",
    "IdentityLink",
    "Invite",
    "Invitee",
    "JoinForm",
    "Joining",
    "Knock",
    "Leaf",
    "Marking",
    "Member",
    "MemberGrade",
    "MemberStage",
    "MemberTag",
    "Merge",
    "Order",
    "OrderLine",
    "Pack",
    "PackDownload",
    "PhoneCode",
    "Product",
    "Push",
    "ReachCount",
    "Refund",
    "RefundLine",
    "Review",
    "Round",
    "Rule",
    "SampledMember",
    "ScoreDue",
    "Segment",
    "SegmentDay",
    "SegmentVersion",
    "Snapshot",
    "Source",
    "Stage",
    "StageChange",
    "StageRule",
    "Stock",
    "Tag",
    "TagChange",
    "TagEnd",
    "TagGroup",
    "TagLibrary",
    "TagRule",
    "TagRun",
    "TagSample",
    "Telling",
    "Terms",
    "YearSlice",
]
