"""Shares, similarities and p-values as people read them: rounded, but never to nothing, to all, to one another, or to
the other side of a limit."""

from collections.abc import Sequence

MOST_DECIMALS = 7


def rounded(percent: float, decimals: int) -> str:
    """A share in percent with so many decimals; one that is not 0 is not shown as 0, nor as 100 what is less.

    Of 10,000 comparisons that all leak but one, ">99.9" leak; 100.0 would say that all do. A difference, which may be
    below 0, is shown by `difference`.
    """
    least = 10.0**-decimals
    text = f"{percent:.{decimals}f}"
    if float(text) == 0:
        return f"<{least:.{decimals}f}" if percent > 0 else text.removeprefix("-")
    return f">{100 - least:.{decimals}f}" if float(text) == 100 and percent < 100 else text


def between(low: float, high: float, decimals: int) -> str:
    """An interval of shares in percent, as [12.34, 56.78]."""
    return f"[{rounded(low, decimals)}, {rounded(high, decimals)}]"


def told_apart(values: Sequence[float | None], decimals: int = 3) -> list[str | None]:
    """Similarities with so many decimals, or with as many more as tell different ones apart, seven at most.

    Which of two was larger has decided something: both may not read the same. None stays None.
    """
    different = len(set(values))
    for places in range(decimals, MOST_DECIMALS + 1):
        shown = [None if value is None else _fixed(value, places) for value in values]
        if len(set(shown)) == different:
            break
    return shown


def difference(points: float, decimals: int, *limits: float) -> str:
    """A difference in points with its sign, also where it rounds to 0: on which side of 0 an interval ends decides.

    It has more decimals just below one of the limits, or just below 100, in either direction.
    """
    size = abs(points)
    above = [limit for limit in (*limits, 100.0) if size < limit]
    shown = beside(size, min(above), decimals) if above else f"{size:.{decimals}f}"
    sign = "-" if points < 0 else "+"
    return f"{'>' if points < 0 else '<'}{sign}{shown[1:]}" if shown.startswith("<") else sign + shown


def difference_between(low: float, high: float, decimals: int) -> str:
    """An interval of differences in points, as [-1.23, +4.56]."""
    return f"[{difference(low, decimals)}, {difference(high, decimals)}]"


def beside(value: float, limit: float, decimals: int) -> str:
    """A number with so many decimals, or with as many more as show on which side of a limit it lies; <0.05 where seven
    do not.

    A p of 0.0496 has decided as less than 0.05, and must not read 0.050.
    """
    for places in range(decimals, MOST_DECIMALS + 1):
        shown = f"{value:.{places}f}"
        if (float(shown) < limit) == (value < limit):
            return shown
    return f"<{limit:g}" if value < limit else shown


def _fixed(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text
