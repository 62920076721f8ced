"""How the time that a function takes grows with its text."""

from collections.abc import Callable
from time import process_time

SIZE = 20_000
# Twice the text in twice the time, and room for a busy machine; a quadratic function takes four times as long.
MOST = 3.0
TRIES = 5


def repeat(unit: str, size: int) -> str:
    """A text of `size` characters that repeats `unit`."""
    return (unit * (size // len(unit) + 1))[:size]


def grows_linearly(function: Callable[[str], object], unit: str, size: int = SIZE) -> bool:
    """Whether one of a few tries shows no more than linear growth; a function without measurable time has none."""
    tries = ((repeat(unit, size), repeat(unit, 2 * size)) for _ in range(TRIES))
    return any(_seconds(function, twice) < max(0.005, MOST * _seconds(function, once)) for once, twice in tries)


def _seconds(function: Callable[[str], object], text: str) -> float:
    start = process_time()
    function(text)
    return process_time() - start
