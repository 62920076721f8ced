"""What is done at once is bounded, and nothing is left out."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from seep.slices import slices


@given(st.lists(st.integers(0, 20)), st.integers(0, 30))
def test_slices_are_the_items_in_order_none_too_large_and_as_few_as_that_allows(sizes: list[int], most: int) -> None:
    found = list(slices(sizes, lambda size: size, most))
    assert [size for some in found for size in some] == sizes
    assert all(len(some) == 1 or sum(some) <= most for some in found)
    assert all(sum(some) + after[0] > most for some, after in pairwise(found))
