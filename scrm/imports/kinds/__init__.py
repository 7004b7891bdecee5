"""The kinds of files, in the order in which a brand brings them in."""

from scrm.imports.kinds.contracts import CONTRACTS
from scrm.imports.kinds.events import EVENTS
from scrm.imports.kinds.labels import LABELS
from scrm.imports.kinds.members import MEMBERS
from scrm.imports.kinds.people import PEOPLE
from scrm.imports.kinds.places import STORES
from scrm.imports.kinds.postings import POSTINGS
from scrm.imports.kinds.sales import ORDERS, PRODUCTS, STOCK
from scrm.imports.verdicts import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind for kind in (STORES, CONTRACTS, PEOPLE, POSTINGS, MEMBERS, LABELS, PRODUCTS, STOCK, ORDERS, EVENTS)
}
