"""What is done at once of many items, so that what is in memory meanwhile is bounded."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def slices(items: Iterable[Item], size: Callable[[Item], int], most: int) -> Iterator[list[Item]]:
    """The items in their order, as many together as are at most so large; a larger one alone."""
    some: list[Item] = []
    together = 0
    for item in items:
        own = size(item)
        if some and together + own > most:
            yield some
            some, together = [], 0
        some.append(item)
        together += own
    if some:
        yield some
