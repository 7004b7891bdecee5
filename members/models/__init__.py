from members.models.consents import Consent, Terms
from members.models.events import Event
from members.models.orders import Order, OrderLine, Refund, RefundLine
from members.models.people import Identity, Joining, Member
from members.models.products import Product, Stock
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
    GradeRule,
    Home,
    MemberGrade,
    MemberStage,
    Stage,
    StageChange,
    StageRule,
)
from members.models.tags import MemberTag, Tag, TagGroup, TagLibrary

__all__ = [
    "Audience",
    "Bitmap",
    "Change",
    "Changed",
    "Consent",
    "Delivery",
    "Engine",
    "Event",
    "ExclusiveGroup",
    "Grade",
    "GradeChange",
    "GradeRule",
    "Home",
    "Identity",
    "Joining",
    "Leaf",
    "Member",
    "MemberGrade",
    "MemberStage",
    "MemberTag",
    "Order",
    "OrderLine",
    "Product",
    "Push",
    "Refund",
    "RefundLine",
    "Segment",
    "SegmentVersion",
    "Snapshot",
    "Source",
    "Stage",
    "StageChange",
    "StageRule",
    "Stock",
    "Tag",
    "TagGroup",
    "TagLibrary",
    "Terms",
]
