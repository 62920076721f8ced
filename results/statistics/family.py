"""P-values of several cells of one comparison together, adjusted for their number."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from results.statistics.paired import moves

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Differences = Mapping[str, Floats]
"""By cluster, its difference by which of its runs is in the place of the run, the observed first; see `exchange_p`."""

MOST_ENUMERATED = 10_000
RANDOM_EXCHANGES = 9_999
ROUNDING = 1e-9


def adjusted_ps(cells: Sequence[Differences]) -> list[float]:
    """By cell, p adjusted so that of cells without a difference any is below 5 % in at most 5 % of comparisons.

    Every cell's sum is divided by its spread over all exchanges; each exchange is one of all cells at once, so what
    they have in common costs nothing. That holds whichever cells have a difference. Exchanges are all counted up to
    10,000, else 9,999 random ones, always the same. A cell in which no exchange makes a difference has 1.

    Source: the step-down max-T procedure, Westfall and Young 1993, Resampling-Based Multiple Testing, section 2.6.
    """
    moving = [{name: each for name, each in cell.items() if moves(each)} for cell in cells]
    tested = [index for index, cell in enumerate(moving) if cell]
    found = [1.0] * len(cells)
    if not tested:
        return found
    places, complete = _exchanges([moving[index] for index in tested])

    @cache  # a cluster's choice is the same in its category and in all of them
    def chosen(name: str, runs: int) -> Indices:
        return np.asarray((places[name] * runs + ROUNDING).astype(np.int64).clip(max=runs - 1))

    distances = np.array([_distances(moving[index], chosen) for index in tested])
    order = np.argsort(-distances[:, 0], kind="stable")
    # Of each exchange the largest distance among this cell and all that lie nearer.
    largest = np.maximum.accumulate(distances[order][::-1])[::-1]
    reached = largest >= distances[order, :1] - ROUNDING
    # Random exchanges count the observed one in; among all it is one of them, and stands first in both.
    share = reached.mean(axis=1) if complete else reached.sum(axis=1) / (1 + RANDOM_EXCHANGES)
    for place, p in zip(order, np.maximum.accumulate(share), strict=True):
        found[tested[place]] = float(p)
    return found


def _exchanges(cells: Sequence[Differences]) -> tuple[Mapping[str, Floats], bool]:
    """By cluster where in [0, 1) each exchange's choice among its runs lies, the observed first; whether these are all.

    A place in [0, 1), because a cluster may have fewer runs in one cell than in another.
    """
    runs: dict[str, int] = {}
    for cell in cells:
        for name, differences in cell.items():
            runs[name] = max(len(differences), runs.get(name, 0))
    names = sorted(runs)
    count = math.prod(runs.values())
    if count <= MOST_ENUMERATED:
        indices = np.indices([runs[name] for name in names]).reshape(len(names), -1)
        return {name: indices[k] / runs[name] for k, name in enumerate(names)}, True
    draw = np.random.default_rng(0)
    random = {name: draw.random(1 + RANDOM_EXCHANGES) for name in names}
    for places in random.values():
        places[0] = 0.0
    return random, False


def _distances(cell: Differences, chosen: Callable[[str, int], Indices]) -> Floats:
    """Of each exchange how far the cell's sum lies from 0, in units of its spread over all exchanges."""
    sums = sum(differences[chosen(name, len(differences))] for name, differences in cell.items())
    variance = math.fsum(float(np.mean(differences**2)) for differences in cell.values())
    return np.asarray(np.abs(sums) / math.sqrt(variance))
