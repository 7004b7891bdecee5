"""Sets of members as roaring bitmaps: how they are cut, packed and compared. Pure functions; no database.

A shard is 65,536 members, one container of a bitmap, so that what changes of one member rewrites 8 kB at most. A number
of each member is kept as slices, one set for each bit, and compared as numbers are on paper, from the highest bit down
(O'Neil and Quass, 1997).
"""

import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from operator import or_

from pyroaring import BitMap

SHARD = 16
HAS = 63  # the key of the slice of those who have the number at all


def of_bytes(numbers: bytes) -> BitMap:
    """The set of big-endian 32-bit numbers, as PostgreSQL's `string_agg(int4send(…), '')` gives them."""
    values = array("I")
    values.frombytes(numbers)
    if sys.byteorder == "little":
        values.byteswap()
    return BitMap(values)


def shards_of(members: BitMap) -> list[int]:
    """The shards in which any of the members stands."""
    found: list[int] = []
    if not members:
        return found
    at, last = members.min(), members.max()
    while True:
        found.append(at >> SHARD)
        start = (found[-1] + 1) << SHARD
        if start > last:
            return found
        at = members.next_set_bit(start)


def cut(members: BitMap, shard: int) -> BitMap:
    """Those of one shard."""
    return members & span([shard])


def pieces(members: BitMap) -> Iterator[tuple[int, BitMap]]:
    """By shard, where anybody is."""
    for shard in shards_of(members):
        yield shard, cut(members, shard)


def span(shards: Iterable[int]) -> BitMap:
    """Everybody who may ever stand in these shards."""
    found = BitMap()
    for shard in shards:
        found.add_range(shard << SHARD, (shard + 1) << SHARD)
    return found


def packed(members: BitMap) -> bytes:
    """The bytes under which a set is kept."""
    members.run_optimize()
    return bytes(members.serialize())


def unpacked(body: bytes | memoryview) -> BitMap:
    return BitMap.deserialize(bytes(body))


def union(sets: Iterable[BitMap]) -> BitMap:
    found = list(sets)
    return BitMap.union(*found) if len(found) > 1 else (found[0].copy() if found else BitMap())


def slices(values: Iterable[tuple[int, BitMap]]) -> dict[int, BitMap]:
    """The slices of a number, from the members of each value."""
    found: dict[int, BitMap] = {HAS: BitMap()}
    for value, members in values:
        found[HAS] |= members
        for bit in range(value.bit_length()):
            if value >> bit & 1:
                found.setdefault(bit, BitMap()).__ior__(members)
    return found


def lowest(number: int) -> int:
    """The lowest slice that tells who is at or above a number: whatever the zeros behind it are, she is."""
    return (number & -number).bit_length() - 1 if number > 0 else HAS


def needed(low: int | None, high: int | None, bits: int) -> list[int]:
    """The slices that `between` looks at."""
    bounds = [bound for bound in (low or 0, None if high is None else high + 1) if bound is not None]
    return [*range(min(lowest(bound) for bound in bounds), bits), HAS]


def at_least(number: int, kept: Mapping[int, BitMap], bits: int) -> BitMap:
    """Those whose number is not below this one."""
    everybody = kept.get(HAS, BitMap())
    if number <= 0:
        return everybody
    if number >> bits:
        return BitMap()
    above, equal = [], everybody
    for bit in range(bits - 1, lowest(number) - 1, -1):
        here = kept.get(bit)
        if number >> bit & 1:
            equal = equal & here if here else BitMap()
        elif here:
            above.append(equal & here)
            equal = equal - here
    return reduce(or_, above, equal)


def between(low: int | None, high: int | None, kept: Mapping[int, BitMap], bits: int) -> BitMap:
    """Those whose number is at least `low` and at most `high`, as far as these are said."""
    found = at_least(low or 0, kept, bits)
    return found if high is None else found - at_least(high + 1, kept, bits)
