"""How often intervals of nominal 95 % hold the true rate, on the cluster sizes of the published sets and on worse.

Each cluster's own rate is drawn from a Beta distribution with the true rate as its mean and the given correlation of
comparisons within a cluster; its comparisons are then Bernoulli.
"""

import argparse
from collections.abc import Callable
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, expit, logit, stdtrit

from results.statistics.degrees_of_freedom import degrees_of_freedom
from results.statistics.intervals import rate_with_interval

Totals = NDArray[np.int64]
Bounds = tuple[float, float]

# Tests per control, and samples per test, of the published sets and of two that are more unequal.
COLOURS = [33] * 20 + [15, 11, 10, 10, 1, 1, 1]
INITIAL = [16, 8, 7, 7, 6, 6, 6, 6, 5, 5, 5, 5, 3, 3, 3, 3] + [1] * 15
SETS: dict[str, tuple[list[int], int]] = {
    "colours": (COLOURS, 5),
    "colours, category 1": ([33] * 10, 5),
    "colours, category 3": ([15, 11, 10, 10, 1, 1, 1], 5),
    "initial": (INITIAL, 1),
    "eight unequal": ([20, 12, 8, 6, 4, 2, 2, 1], 5),
    "one giant of ten": ([40] + [2] * 9, 5),
}
RATES = (0.10, 0.30, 0.50, 0.70, 0.80, 0.90, 0.95)
CORRELATIONS = (0.0, 0.05, 0.1, 0.2, 0.3)
RESAMPLES = 500


def seep(totals: Totals, sizes: Totals, _: np.random.Generator) -> Bounds:
    """The interval that Seep reports."""
    interval = rate_with_interval(list(zip(totals.tolist(), sizes.tolist(), strict=True)))
    assert interval.low is not None
    assert interval.high is not None
    return interval.low / 100, interval.high / 100


def bootstrap(totals: Totals, sizes: Totals, draw: np.random.Generator) -> Bounds:
    """Percentile bootstrap over clusters: Efron and Tibshirani 1993, chapter 13."""
    times = draw.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), size=RESAMPLES)
    low, high = np.quantile((times @ totals) / (times @ sizes), (0.025, 0.975))
    return float(low), float(high)


def korn_graubard(totals: Totals, sizes: Totals, _: np.random.Generator) -> Bounds:
    """Clopper and Pearson with the number of comparisons deflated by the design effect: Korn and Graubard 1998."""
    count, n = len(sizes), sizes.sum()
    rate = totals.sum() / n
    variance = count / (count - 1) * np.sum((totals - rate * sizes) ** 2) / n**2
    effective = n if variance == 0 else min(n, rate * (1 - rate) / variance)
    effective *= (stdtrit(n - 1, 0.975) / stdtrit(count - 1, 0.975)) ** 2
    hits = rate * effective
    low = betaincinv(hits, effective - hits + 1, 0.025) if rate > 0 else 0.0
    high = betaincinv(hits + 1, effective - hits, 0.975) if rate < 1 else 1.0
    return float(low), float(high)


def more_degrees(totals: Totals, sizes: Totals, draw: np.random.Generator) -> Bounds:
    """Seep's interval with clusters - 1 degrees of freedom, however unequal clusters are: Tukey 1958.

    A rate at an end keeps its interval.
    """
    low, high = seep(totals, sizes, draw)
    rate = totals.sum() / sizes.sum()
    if not 0 < low < rate < high < 1:
        return low, high
    degrees = degrees_of_freedom(tuple(sizes.tolist()))
    narrower = stdtrit(len(sizes) - 1, 0.975) / stdtrit(degrees, 0.975)
    below, above = (logit(rate) + narrower * (logit(bound) - logit(rate)) for bound in (low, high))
    return float(expit(below)), float(expit(above))


METHODS: dict[str, Callable[[Totals, Totals, np.random.Generator], Bounds]] = {
    "seep": seep,
    "bootstrap": bootstrap,
    "Korn-Graubard": korn_graubard,
    "clusters - 1 degrees": more_degrees,
}


def draw_totals(sizes: Totals, rate: float, correlation: float, draw: np.random.Generator) -> Totals:
    """Leaking comparisons of each cluster, of as many as `sizes` says."""
    if correlation == 0:
        return draw.binomial(sizes, rate)
    concentration = 1 / correlation - 1
    own = draw.beta(rate * concentration, (1 - rate) * concentration, size=len(sizes))
    return draw.binomial(sizes, own)


def coverage(sizes: Totals, rate: float, correlation: float, repeats: int, seed: int) -> dict[str, tuple[float, float]]:
    """By method: percent of intervals that hold the rate, and their mean width in points."""
    draw = np.random.default_rng(seed)
    drawn = [draw_totals(sizes, rate, correlation, draw) for _ in range(repeats)]
    found = {name: np.array([values(totals, sizes, draw) for totals in drawn]) for name, values in METHODS.items()}
    return {
        name: (
            float(100 * np.mean((bounds[:, 0] <= rate) & (rate <= bounds[:, 1]))),
            float(100 * np.mean(bounds[:, 1] - bounds[:, 0])),
        )
        for name, bounds in found.items()
    }


def main() -> None:
    """Prints a row per set, correlation and true rate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1500)
    arguments = parser.parse_args()
    print("| set | correlation | true rate | " + " | ".join(f"{name} (width)" for name in METHODS) + " |")
    print("|---" * (3 + len(METHODS)) + "|")
    for (name, (tests, samples)), correlation in product(SETS.items(), CORRELATIONS):
        sizes = np.array(tests) * samples
        for rate in RATES:
            found = coverage(sizes, rate, correlation, arguments.repeats, seed=1)
            cells = [f"{held:.1f} ({width:.1f})" for held, width in found.values()]
            print(f"| {name} | {correlation:g} | {100 * rate:g} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
