"""P-values of several cells of one comparison together, adjusted for their number."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from results.statistics.paired import moves

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]
Differences = Mapping[str, Floats]
"""By cluster, its difference by which of its runs is in the place of the run, or by which of its samples are the run's;
the observed first: see `exchange_p` and `exchanges`."""
Chosen = Callable[[str, int], Indices]
"""By cluster, and how many choices it has, which of them each exchange takes."""
Reached = tuple[Indices, Flags, Flags]
"""Cells from the one farthest from no change on; by cell in that order and exchange, whether the exchange lies as far
as the observed one in this cell, and whether it does in this one or any that lies nearer."""
Reach = Callable[[Sequence[Differences], Chosen], Reached]
Known = dict[tuple[tuple[str, int], ...], tuple[Chosen, bool]]
"""Exchanges by their clusters' numbers of runs: what each chooses, and whether they are all."""

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
    return [adjusted for _, adjusted in _step_down(cells, _by_sum, {})]


def sample_ps(cells: Sequence[Differences], known: Known | None = None) -> list[tuple[float, float]]:
    """By cell, p and adjusted p of no change in any sample; a cluster's differences are by choice of its samples.

    Three statistics are looked at, and the rarest counts. The cell's sum shows a change that is alike everywhere, the
    sum of its clusters' squares one in few clusters, and that of squares by their own spread one in few concepts. What
    is rare is said by the same exchanges, so p pays for looking three times. Exchanges and adjustment are as in
    `adjusted_ps`. They are looked up in `known`, and kept there for other cells of the same clusters.

    Source: the step-down min-P procedure, Westfall and Young 1993, sections 2.3 and 2.6.
    """
    return _step_down(cells, _by_rarity, {} if known is None else known)


def _step_down(cells: Sequence[Differences], reach: Reach, known: Known) -> list[tuple[float, float]]:
    """By cell p, and p adjusted for all of them; 1 for a cell in which no exchange makes a difference."""
    moving = [{name: each for name, each in cell.items() if moves(each)} for cell in cells]
    tested = [index for index, cell in enumerate(moving) if cell]
    found = [(1.0, 1.0)] * len(cells)
    if not tested:
        return found
    runs = _runs([moving[index] for index in tested])
    if runs not in known:
        known[runs] = _exchanges(dict(runs))
    chosen, complete = known[runs]
    order, in_own, in_any = reach([moving[index] for index in tested], chosen)
    own, adjusted = _share(in_own, complete), _share(in_any, complete)
    for place, p, of_all in zip(order, own, np.maximum.accumulate(adjusted), strict=True):
        found[tested[place]] = float(p), float(of_all)
    return found


def _share(reached: Flags, complete: bool) -> Floats:
    """By cell the share of exchanges that lie as far as the one observed."""
    # Random exchanges count the observed one in; among all it is one of them, and stands first in both.
    return np.asarray(reached.mean(axis=1) if complete else reached.sum(axis=1) / (1 + RANDOM_EXCHANGES))


def _runs(cells: Sequence[Differences]) -> tuple[tuple[str, int], ...]:
    """By cluster how many runs it has: a cluster may have fewer in one cell than in another."""
    runs: dict[str, int] = {}
    for cell in cells:
        for name, differences in cell.items():
            runs[name] = max(len(differences), runs.get(name, 0))
    return tuple(sorted(runs.items()))


def _exchanges(runs: Mapping[str, int]) -> tuple[Chosen, bool]:
    """What each exchange chooses among a cluster's runs, the observed first; whether these are all exchanges."""
    places, complete = _places(runs)

    @cache  # a cluster's choice is the same in its category and in all of them, and under every metric
    def chosen(name: str, choices: int) -> Indices:
        return np.asarray((places[name] * choices + ROUNDING).astype(np.int64).clip(max=choices - 1))

    return chosen, complete


def _places(runs: Mapping[str, int]) -> tuple[Mapping[str, Floats], bool]:
    """By cluster where in [0, 1) each exchange's choice lies, because it may have fewer runs in one of the cells."""
    if math.prod(runs.values()) <= MOST_ENUMERATED:
        indices = np.indices(list(runs.values())).reshape(len(runs), -1)
        return {name: indices[k] / count for k, (name, count) in enumerate(runs.items())}, True
    draw = np.random.default_rng(0)
    random = {name: draw.random(1 + RANDOM_EXCHANGES) for name in runs}
    for places in random.values():
        places[0] = 0.0
    return random, False


def _by_sum(cells: Sequence[Differences], chosen: Chosen) -> Reached:
    """How far an exchange lies is how far the cell's sum lies from 0, in units of its spread over all exchanges."""
    distances = np.array([_distance_of_sum(cell, chosen) for cell in cells])
    order = np.argsort(-distances[:, 0], kind="stable")
    ordered = distances[order]
    observed = ordered[:, :1] - ROUNDING
    # Of each exchange the largest distance among this cell and all that lie nearer.
    largest = np.maximum.accumulate(ordered[::-1])[::-1]
    return order, ordered >= observed, largest >= observed


def _distance_of_sum(cell: Differences, chosen: Chosen) -> Floats:
    sums, drawn = np.zeros((2, _exchange_count(cell, chosen)))
    for name, differences in cell.items():
        # In place, here and below: to make new arrays of this length took half of the time.
        sums += differences.take(chosen(name, len(differences)), out=drawn, mode="clip")
    variance = math.fsum(differences @ differences / len(differences) for differences in cell.values())
    return np.asarray(np.abs(sums) / math.sqrt(variance))


def _exchange_count(cell: Differences, chosen: Chosen) -> int:
    return len(chosen(*next((name, len(differences)) for name, differences in cell.items())))


def _by_rarity(cells: Sequence[Differences], chosen: Chosen) -> Reached:
    """How far an exchange lies is how few of all have as large a value as it has in its rarest statistic.

    How many have is never counted for each exchange, which would be to sort each statistic by exchange: an exchange is
    as rare as another where its value lies above the one that has as many above it.
    """
    statistics = [_statistics(cell, chosen) for cell in cells]
    rarity = np.array([min(map(_as_large_as_observed, of_cell)) for of_cell in statistics])
    order = np.argsort(rarity, kind="stable")
    in_own, in_any = np.zeros((2, len(cells), statistics[0].shape[1]), dtype=np.bool_)
    for place, cell in enumerate(order):
        # By each of the cells up to this one, whether the exchange is as rare here as what that one observed.
        reached = np.any([_as_rare(each, rarity[order[: place + 1]]) for each in statistics[cell]], axis=0)
        in_own[place] = reached[place]
        in_any[: place + 1] |= reached
    return order, in_own, in_any


def _statistics(cell: Differences, chosen: Chosen) -> Floats:
    """By statistic and exchange: the sum's distance from 0, the sum of squares, and that of squares by their spread."""
    sums, squares, by_spread = found = np.zeros((3, _exchange_count(cell, chosen)))
    drawn = np.empty_like(sums)
    for name, differences in cell.items():
        differences.take(chosen(name, len(differences)), out=drawn, mode="clip")
        sums += drawn
        squares += np.multiply(drawn, drawn, out=drawn)
        by_spread += np.divide(drawn, differences @ differences / len(differences), out=drawn)
    np.abs(sums, out=sums)
    return found


def _as_large_as_observed(statistic: Floats) -> int:
    """Of how many exchanges the value is as large as the observed one's, which is among them."""
    return int(np.count_nonzero(statistic >= statistic[0] - _scale(statistic)))


def _as_rare(statistic: Floats, rarity: Indices) -> Flags:
    """By each of these numbers of exchanges, and by exchange, whether no more than so many have as large a value."""
    ordered = np.sort(statistic)
    # As many as are asked for are as large as a value if and only if the one before them, in order, is smaller.
    before = len(statistic) - 1 - rarity
    smaller = np.where(before >= 0, ordered[before], -np.inf)
    return np.asarray(smaller[:, np.newaxis] < statistic - _scale(statistic))


def _scale(statistic: Floats) -> float:
    """How far apart two values may lie that would be the same if they were not rounded."""
    return ROUNDING * max(1.0, float(statistic.max()))
