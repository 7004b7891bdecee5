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

__all__ = [
    "ApiToken",
    "Brand",
    "Contract",
    "DepartmentLink",
    "Franchisee",
    "Opening",
    "Person",
    "Placement",
    "Region",
    "Role",
    "Seat",
    "Store",
]
