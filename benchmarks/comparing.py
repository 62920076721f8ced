"""Comparisons of simulated runs: how often drift is called where nothing changed, and how often a change is found.

A job has a rate of its own in each run, from a Beta distribution. In two runs of one model it is the same; in two runs
of a changed model the jobs' two rates are as alike as planning takes them to be.
"""

import argparse
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
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
PLANNED: Mapping[str, tuple[Sequence[int], float]] = {
    "colours, correlation 0.3": (COLOURS, 0.3),
    "20 jobs of 6 tests, correlation 0.2": ([6] * 20, 0.2),
    "colours, category 1, correlation 0.1": ([33] * 10, 0.1),
    "colours, category 1, correlation 0.2": ([33] * 10, 0.2),
}


def compared(
    sizes: Sizes, changed: Mapping[str, float], correlation: float, alike: float, draw: np.random.Generator
) -> list[Judgement]:
    """A simulated run against its simulated reference, whose rate is RATE; the run's is by so much another."""
    before, after = [], []
    for category, tests in sizes.items():
        like = draw.standard_normal(len(tests))
        other = alike * like + np.sqrt(1 - alike**2) * draw.standard_normal(len(tests))
        before += _sums(category, tests, _rates(RATE, correlation, like), draw)
        after += _sums(category, tests, _rates(RATE + changed.get(category, 0.0), correlation, other), draw)
    return judge(after, before, sizes, DELTA_POINTS)


def of_unchanged(sizes: Sizes, correlation: float, repeats: int) -> list[bool]:
    """Of so many comparisons of a model with itself: was drift called?"""
    draw = np.random.default_rng(1)
    return [worst(of.verdict for of in compared(sizes, {}, correlation, 1.0, draw)) == "drift" for _ in range(repeats)]


def of_changed(tests: Sequence[int], correlation: float, change: float, repeats: int) -> list[bool]:
    """Of so many comparisons of a model that changed with what it was before: was the change found (p < 0.05)?"""
    draw = np.random.default_rng(2)
    found = [compared({"c": tests}, {"c": change}, correlation, JOB_AUTOCORRELATION, draw)[0] for _ in range(repeats)]
    return [of.p is not None and of.p < LEVEL for of in found]


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


def promised(tests: Sequence[int], correlation: float, change: float) -> float:
    """The power that `seep plan` names for this."""
    return plan(tests, SAMPLES, noise_of_rate(RATE, correlation), abs(change), wanted=0.8).power


def main() -> None:
    """Prints what the module says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2000)
    repeats = parser.parse_args().repeats
    print("no change: | correlation | drift called | p that it is more than 5 %")
    for name, sizes in {"colours": {"c": COLOURS}, "12 categories": TWELVE}.items():
        for correlation in (0.0, 0.1, 0.3):
            called = sum(of_unchanged(sizes, correlation, repeats))
            p = binomtest(called, repeats, LEVEL, alternative="greater").pvalue
            print(f"{name} | {correlation:g} | {called} of {repeats} | {p:.3f}", flush=True)
    print(f"4 of 12 categories changed: false discoveries {100 * np.mean(false_discoveries(repeats)):.2f} %")
    print("change of 10 points: | promised power, up and down alike | found, up | found, down")
    for name, (tests, correlation) in PLANNED.items():
        up, down = (100 * np.mean(of_changed(tests, correlation, by, repeats)) for by in (0.1, -0.1))
        print(f"{name} | {100 * promised(tests, correlation, 0.1):.1f} | {up:.1f} | {down:.1f}", flush=True)


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
