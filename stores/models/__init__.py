from stores.models.cities import CityTier, Tier
from stores.models.factors import RecoveryCode, SecondFactor
from stores.models.people import ApiToken, Person, Role, Seat
from stores.models.places import (
    Brand,
    Contract,
    DepartmentLink,
    Franchisee,
    Opening,
    Placement,
    Region,
    Store,
)
from stores.models.sessions import Attempt, Session

__all__ = [
    "ApiToken",
    "Attempt",
    "Brand",
    "CityTier",
    "Contract",
    "DepartmentLink",
    "Franchisee",
    "Opening",
    "Person",
    "Placement",
    "RecoveryCode",
    "Region",
    "Role",
    "Seat",
    "SecondFactor",
    "Session",
    "Store",
    "Tier",
]
