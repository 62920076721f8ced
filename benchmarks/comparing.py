"""Comparisons of simulated runs: how often drift is called where nothing changed, and how often a change is found.

A job has a rate of its own in each run, from a Beta distribution. In two runs of one model it is the same; in two runs
of a changed model the jobs' two rates are as alike as planning takes them to be.
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import betaincinv, ndtr
from scipy.stats import binomtest

from benchmarks.coverage import COLOURS
from services.aggregator.judging import Judgement, LeakSum, judge
from services.aggregator.statistics.planning import JOB_AUTOCORRELATION, noise_of_rate, plan
from services.aggregator.statistics.verdicts import DELTA_POINTS, LEVEL, worst

Sizes = Mapping[str, Sequence[int]]
"""By category: the tests of each job."""

SAMPLES = 5
RATE = 0.7
TWELVE: Sizes = {f"c{k:02}": [10] * 10 for k in range(12)}
PLANNED: Mapping[str, tuple[Sizes, float]] = {
    "colours, correlation 0.3": ({"c": COLOURS}, 0.3),
    "20 jobs of 6 tests, correlation 0.2": ({"c": [6] * 20}, 0.2),
    "colours, category 1, correlation 0.1": ({"c": [33] * 10}, 0.1),
    "colours, category 1, correlation 0.2": ({"c": [33] * 10}, 0.2),
    "one of 12 categories, correlation 0.1": (TWELVE, 0.1),
}


def compared(
    sizes: Sizes,
    changed: Mapping[str, float],
    correlation: float,
    alike: float,
    draw: np.random.Generator,
    window: int = 1,
) -> list[Judgement]:
    """A simulated run against a window of simulated runs, whose rate is RATE; the run's is by so much another, and its
    jobs' rates correlate by `alike` with theirs."""
    run: list[LeakSum] = []
    reference: list[list[LeakSum]] = [[] for _ in range(window)]
    for category, tests in sizes.items():
        change = changed.get(category, 0.0)
        normal = draw.standard_normal(len(tests))
        latent = 1.0 if alike == 1 else _latent(correlation, change, alike)
        other = latent * normal + np.sqrt(1 - latent**2) * draw.standard_normal(len(tests))
        rates = _rates(RATE, correlation, normal)
        for of_run in reference:
            of_run += _sums(category, tests, rates, draw)
        run += _sums(category, tests, _rates(RATE + change, correlation, other), draw)
    return judge(run, reference, sizes, DELTA_POINTS)


def of_unchanged(sizes: Sizes, correlation: float, repeats: int, window: int = 1) -> list[list[Judgement]]:
    """So many comparisons of a model with itself."""
    draw = np.random.default_rng(1)
    return [compared(sizes, {}, correlation, 1.0, draw, window) for _ in range(repeats)]


def of_changed(sizes: Sizes, correlation: float, change: float, repeats: int) -> list[Judgement]:
    """The first category of so many comparisons, in which it alone changed, with what it was before."""
    draw = np.random.default_rng(2)
    first = next(iter(sizes))
    of_repeats = (compared(sizes, {first: change}, correlation, JOB_AUTOCORRELATION, draw) for _ in range(repeats))
    return [next(of for of in judged if of.category == first) for judged in of_repeats]


def found(judged: Iterable[Judgement]) -> list[bool]:
    """Which have p < 0.05."""
    return [of.p is not None and of.p < LEVEL for of in judged]


def is_drift(judged: Iterable[Judgement]) -> list[bool]:
    """Which are called drift."""
    return [of.verdict == "drift" for of in judged]


def false_discoveries(repeats: int) -> list[float]:
    """Of so many comparisons in which 4 of 12 categories changed by 20 points: the share of false ones among those with
    an adjusted p < 0.05."""
    draw = np.random.default_rng(3)
    changed = dict.fromkeys(list(TWELVE)[:4], 0.2)
    shares = []
    for _ in range(repeats):
        judged = [of for of in compared(TWELVE, changed, 0.1, 1.0, draw) if of.category in TWELVE]
        called = [of.category for of in judged if of.adjusted_p is not None and of.adjusted_p < LEVEL]
        shares.append(sum(category not in changed for category in called) / max(1, len(called)))
    return shares


def promised(sizes: Sizes, correlation: float, change: float) -> tuple[float, float]:
    """The power that `seep plan` names for such a change of the first category, and that of the verdict."""
    tests, cells = next(iter(sizes.values())), len(sizes) + (len(sizes) > 1)
    planned = plan(tests, SAMPLES, noise_of_rate(RATE, correlation), abs(change), 0.8, cells, DELTA_POINTS / 100)
    powers = [of.up if change > 0 else of.down for of in (planned.power, planned.drift)]
    return powers[0] or 0.0, powers[1] or 0.0


def main() -> None:
    """Prints what the module says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2000)
    repeats = parser.parse_args().repeats
    print("no change: | reference's runs | correlation | p below 5 % in a category | drift called | p of more than 5 %")
    for (name, sizes), window in product({"colours": {"c": COLOURS}, "12 categories": TWELVE}.items(), (1, 7)):
        for correlation in (0.0, 0.1, 0.3):
            _print_unchanged(name, sizes, window, correlation, repeats)
    print(f"4 of 12 categories changed: false discoveries {100 * np.mean(false_discoveries(repeats)):.2f} %")
    print("a category changed: | points | promised power (p < 0.05) | found | promised power (drift) | called")
    for name, (sizes, correlation) in PLANNED.items():
        for change in (0.1, -0.1):
            judged = of_changed(sizes, correlation, change, repeats)
            shares = [100 * np.mean(of) for of in (found(judged), is_drift(judged))]
            power, drift = (100 * of for of in promised(sizes, correlation, change))
            figures = f"{power:.1f} | {shares[0]:.1f} | {drift:.1f} | {shares[1]:.1f}"
            print(f"{name} | {100 * change:+g} | {figures}", flush=True)


def _print_unchanged(name: str, sizes: Sizes, window: int, correlation: float, repeats: int) -> None:
    compared_runs = of_unchanged(sizes, correlation, repeats, window)
    low = np.mean(found(of for judged in compared_runs for of in judged if of.category in sizes))
    called = sum(worst(of.verdict for of in judged) == "drift" for judged in compared_runs)
    p = binomtest(called, repeats, LEVEL, alternative="greater").pvalue
    print(f"{name} | {window} | {correlation:g} | {100 * low:.2f} % | {called} of {repeats} | {p:.3f}", flush=True)


@cache
def _latent(correlation: float, change: float, alike: float) -> float:
    """How normal numbers must correlate for the rates that they decide to correlate by `alike`."""
    draw = np.random.default_rng(4)
    normal, other = draw.standard_normal((2, 100_000))
    rates = _rates(RATE, correlation, normal)

    def excess(latent: float) -> float:
        mixed = latent * normal + np.sqrt(1 - latent**2) * other
        return float(np.corrcoef(rates, _rates(RATE + change, correlation, mixed))[0, 1]) - alike

    return alike if correlation == 0 else float(brentq(excess, alike / 2, 1, xtol=1e-3))


def _rates(rate: float, correlation: float, normal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Beta rates with this mean, where standard normal numbers decide how high each is."""
    if correlation == 0:
        return np.full(len(normal), rate)
    concentration = 1 / correlation - 1
    return np.asarray(betaincinv(rate * concentration, (1 - rate) * concentration, ndtr(normal)))


def _sums(category: str, tests: Sequence[int], rates: NDArray[np.float64], draw: np.random.Generator) -> list[LeakSum]:
    totals = draw.binomial(SAMPLES, np.repeat(rates, tests)).tolist()
    jobs = np.repeat(np.arange(len(tests)), tests).tolist()
    return [
        LeakSum(f"{category}/{job}", f"{category}/{job}", str(test), "m", category, SAMPLES, float(total))
        for test, (job, total) in enumerate(zip(jobs, totals, strict=True))
    ]


if __name__ == "__main__":
    main()
