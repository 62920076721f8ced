"""Shares with their intervals as bars of characters."""

from seep.shares import between, rounded

WIDTH = 50  # characters of a bar for 100 %


def bar(share: float, low: float, high: float, line: float | None = None) -> str:
    """A bar of `WIDTH` characters for a share in percent: # up to it, - over the rest of its interval, | at `line`."""
    at = [round(WIDTH * each / 100) for each in (share, low, high)]
    cells = ["#" if cell < at[0] else " " for cell in range(WIDTH)]
    for cell in range(at[1], min(WIDTH, at[2])):
        cells[cell] = "=" if cell < at[0] else "-"
    if line is not None:
        cells[min(WIDTH - 1, round(WIDTH * line / 100))] = "|"
    return "".join(cells)


def bar_with_figures(share: float, low: float, high: float, line: float | None = None) -> str:
    """The same bar, then the share and its interval in figures."""
    return f"{bar(share, low, high, line)} {rounded(share, 2):>6} % {between(low, high, 2)}"
