"""A run against a window of runs whose rates differ from day to day: how often the effect's interval holds 0, and how
often p is below 5 %, without the window's own spread and with it."""

import argparse
from collections.abc import Iterable
from itertools import product

import numpy as np
from numpy.typing import NDArray

from results.statistics import paired
from results.statistics.level import LEVEL
from results.statistics.paired import Cluster, Effect, paired_effect

Floats = NDArray[np.float64]

JOBS, TESTS, SAMPLES = 191, 4, 5
EXCHANGES = 499
RATE, CORRELATION = 0.7, 0.1
WINDOWS = (2, 3, 7, 14)
DAYS = (0.0, 1.0, 2.0)
"""Standard deviation of what all jobs of a run have in common, in points."""


def runs(window: int, day: float, draw: np.random.Generator) -> Floats:
    """Sums of tests' mean scores by job and run; the run that is compared comes first, and nothing has changed."""
    concentration = 1 / CORRELATION - 1
    rates = draw.beta(RATE * concentration, (1 - RATE) * concentration, (JOBS, 1))
    of_days = np.clip(rates + day / 100 * draw.standard_normal(1 + window), 0, 1)
    return draw.binomial(TESTS * SAMPLES, of_days) / SAMPLES


def both_ways(totals: Floats) -> tuple[Effect, Effect]:
    """The effect as if the window were one run, and as it is."""
    mean = totals[:, 1:].mean(axis=1)
    as_one = [Cluster((ours, theirs), TESTS, False) for ours, theirs in zip(totals[:, 0], mean, strict=True)]
    as_runs = [Cluster(tuple(of_job), TESTS, False) for of_job in totals.tolist()]
    return paired_effect(as_one), paired_effect(as_runs)


def main() -> None:
    """Prints what the module says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000)
    repeats = parser.parse_args().repeats
    # Enough for a share of p < 0.05.
    paired.RANDOM_EXCHANGES = EXCHANGES
    print(
        "runs in the window | day's spread | holds 0, without | with | p < 0.05, without | with"
        " | half-width, without | with"
    )
    for window, day in product(WINDOWS, DAYS):
        draw = np.random.default_rng(8)
        found = [both_ways(runs(window, day, draw)) for _ in range(repeats)]
        covered = [_share(holds_nothing(pair[way]) for pair in found) for way in (0, 1)]
        low = [_share((pair[way].p or 0.0) < LEVEL for pair in found) for way in (0, 1)]
        widths = [np.mean([((pair[way].high or 0) - (pair[way].low or 0)) / 2 for pair in found]) for way in (0, 1)]
        figures = " | ".join(f"{figure:.1f}" for figure in (*covered, *low, *widths))
        print(f"{window} | {day:g} | {figures}", flush=True)


def holds_nothing(effect: Effect) -> bool:
    """Whether the interval holds no effect at all."""
    return (effect.low or 0.0) <= 0.0 <= (effect.high or 0.0)


def _share(values: Iterable[bool]) -> float:
    return 100 * float(np.mean(list(values)))


if __name__ == "__main__":
    main()
