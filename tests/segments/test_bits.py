"""Numbers compared as slices."""

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from members.segments import bits

BITS = 10
NUMBERS = st.integers(0, (1 << BITS) - 1)
BOUNDS = st.none() | st.integers(0, 1100)


@given(st.dictionaries(st.integers(1, 200_000), NUMBERS, max_size=40), BOUNDS, BOUNDS)
def test_the_slices_that_are_needed_tell_who_is_between(
    numbers: dict[int, int], low: int | None, high: int | None
) -> None:
    kept = bits.slices((number, BitMap([member])) for member, number in numbers.items())
    few = {bit: kept[bit] for bit in bits.needed(low, high, BITS) if bit in kept}
    told = {m for m, n in numbers.items() if (low is None or n >= low) and (high is None or n <= high)}
    assert set(bits.between(low, high, few, BITS)) == told


def test_a_round_bound_needs_few_slices() -> None:
    assert bits.needed(512, None, BITS) == [9, bits.HAS]
    assert bits.needed(512, 767, BITS) == [8, 9, bits.HAS]
