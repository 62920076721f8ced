"""Comparisons of simulated runs: how often drift is called where nothing changed, and how often a change is found.

Where nothing changed a job has a rate of its own, the same in both runs, from a Beta distribution; with a change its
comparisons have more in common than the job, see `benchmarks.validity.planted`.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtr
from scipy.stats import binomtest

from benchmarks.validity.coverage import COLOURS
from benchmarks.validity.planted import job_sums, two_runs
from results.comparison import CellVerdict, LeakSum, compare, decide
from results.statistics.level import LEVEL
from results.statistics.noise import Noise, noise_of_rate, noise_of_run
from results.statistics.power import analyse_power
from results.statistics.verdicts import DELTA_POINTS

Sizes = Mapping[str, Sequence[int]]
"""By category: the tests of each job."""

SAMPLES = 5
PILOTS = 200
RATE = 0.7
TWELVE: Sizes = {f"c{k:02}": [10] * 10 for k in range(12)}
# The shapes of the own suites.
EIGHT: Sizes = {f"c{k}": [3] * 13 for k in range(8)}
THREE: Sizes = {"1": [4] * 62, "2": [4] * 61, "3": [3] * 68}
UNCHANGED: Mapping[str, Sizes] = {
    "colours": {"c": COLOURS},
    "12 categories": TWELVE,
    "own concepts": EIGHT,
    "own colours": THREE,
}


@dataclass(frozen=True)
class Planned:
    """A category in which a change is planted, alone or among others, and the noise of each."""

    sizes: Sizes
    samples: int
    correlation: float
    from_control: bool = False

    @property
    def noise(self) -> Noise:
        """As the power analysis divides the correlation; or all of it is the control's, and nothing persists."""
        if self.from_control:
            return Noise(RATE, RATE * (1 - RATE), 0.0, 0.0, self.correlation)
        return noise_of_rate(RATE, self.correlation)


CATEGORY_1: Sizes = {"c": [33] * 10}
PLANNED: Mapping[str, Planned] = {
    "colours, correlation 0.3": Planned({"c": COLOURS}, 5, 0.3),
    "20 jobs of 6 tests, correlation 0.2": Planned({"c": [6] * 20}, 5, 0.2),
    "colours, category 1, correlation 0.1": Planned(CATEGORY_1, 5, 0.1),
    "colours, category 1, correlation 0.2": Planned(CATEGORY_1, 5, 0.2),
    "one of 12 categories, correlation 0.1": Planned(TWELVE, 5, 0.1),
    "colours, 1 sample, correlation 0.2": Planned({"c": COLOURS}, 1, 0.2),
    "colours, 1 sample, 0.2 by the control": Planned({"c": COLOURS}, 1, 0.2, from_control=True),
    "colours, 0.2 by the control": Planned({"c": COLOURS}, 5, 0.2, from_control=True),
    "colours, category 1, 0.2 by the control": Planned(CATEGORY_1, 5, 0.2, from_control=True),
}


def compared(
    sizes: Sizes, changed: Mapping[str, float], correlation: float, draw: np.random.Generator, window: int = 1
) -> list[CellVerdict]:
    """A simulated run against a window of simulated runs, whose rate is RATE; the run's is by so much another, and its
    jobs are ordered as theirs by their rates."""
    run: list[LeakSum] = []
    reference: list[list[LeakSum]] = [[] for _ in range(window)]
    for category, tests in sizes.items():
        normal = draw.standard_normal(len(tests))
        rates = _rates(RATE, correlation, normal)
        for of_run in reference:
            of_run += _sums(category, tests, rates, draw)
        run += _sums(category, tests, _rates(RATE + changed.get(category, 0.0), correlation, normal), draw)
    return compare(run, reference, sizes, DELTA_POINTS)


def of_unchanged(sizes: Sizes, correlation: float, repeats: int, window: int = 1) -> list[list[CellVerdict]]:
    """So many comparisons of a model with itself."""
    draw = np.random.default_rng(1)
    return [compared(sizes, {}, correlation, draw, window) for _ in range(repeats)]


def of_changed(planned: Planned, change: float, repeats: int) -> list[CellVerdict]:
    """The first category of so many comparisons, in which it alone changed, with what it was before."""
    draw = np.random.default_rng(2)
    first = next(iter(planned.sizes))
    cells = []
    for _ in range(repeats):
        before: list[LeakSum] = []
        after: list[LeakSum] = []
        for category, tests in planned.sizes.items():
            changed = change if category == first else 0.0
            runs = two_runs(tests, planned.samples, planned.noise, changed, draw)
            for sums, scores in zip((before, after), runs, strict=True):
                sums += _leak_sums(category, [of_job.sum(axis=1).tolist() for of_job in scores], planned.samples)
        cells += [cell for cell in compare(after, [before], planned.sizes, DELTA_POINTS) if cell.category == first]
    return cells


def found(cells: Iterable[CellVerdict]) -> list[bool]:
    """Which have p < 0.05."""
    return [cell.p is not None and cell.p < LEVEL for cell in cells]


def is_drift(cells: Iterable[CellVerdict]) -> list[bool]:
    """Which are called drift."""
    return [cell.verdict == "drift" for cell in cells]


def false_discoveries(repeats: int) -> list[float]:
    """Of so many comparisons in which 4 of 12 categories changed by 20 points: the share of false ones among those with
    an adjusted p < 0.05."""
    draw = np.random.default_rng(3)
    changed = dict.fromkeys(list(TWELVE)[:4], 0.2)
    shares = []
    for _ in range(repeats):
        cells = [cell for cell in compared(TWELVE, changed, 0.1, draw) if cell.category in TWELVE]
        called = [cell.category for cell in cells if cell.adjusted_p is not None and cell.adjusted_p < LEVEL]
        shares.append(sum(category not in changed for category in called) / max(1, len(called)))
    return shares


def promised(planned: Planned, change: float, noise: Noise) -> tuple[float, float]:
    """The power that `seep power` names for such a change of the first category, and that of the verdict."""
    tests, cells = next(iter(planned.sizes.values())), len(planned.sizes) + (len(planned.sizes) > 1)
    powers = analyse_power(tests, planned.samples, noise, abs(change), 0.8, cells, DELTA_POINTS / 100)
    ways = [row.up if change > 0 else row.down for row in (powers.power, powers.drift)]
    return ways[0] or 0.0, ways[1] or 0.0


def promised_from_runs(planned: Planned, change: float, runs: int) -> list[float]:
    """The power that `seep power --pilot` names, from each of so many runs before the change."""
    draw = np.random.default_rng(5)
    tests = next(iter(planned.sizes.values()))
    pilots = (two_runs(tests, planned.samples, planned.noise, 0.0, draw)[0] for _ in range(runs))
    return [promised(planned, change, noise_of_run(job_sums(scores), 0.0))[0] for scores in pilots]


def main() -> None:
    """Prints what the module says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2000)
    repeats = parser.parse_args().repeats
    print(
        "no change: | reference's runs | correlation | p < 5 % in a category | ok | inconclusive | drift | p of > 5 %"
    )
    for (name, sizes), window in product(UNCHANGED.items(), (1, 7)):
        for correlation in (0.0, 0.1, 0.3):
            _print_unchanged(name, sizes, window, correlation, repeats)
    print(f"4 of 12 categories changed: false discoveries {100 * np.mean(false_discoveries(repeats)):.2f} %")
    print("a category changed: | points | promised (p < 0.05) by --rate --icc | --pilot a run, mean [10 %, 90 %]")
    print("| the noise known | found | promised (drift), the noise known | called")
    for name, planned in PLANNED.items():
        for change in (0.1, -0.1):
            _print_changed(name, planned, change, repeats)


def _print_changed(name: str, planned: Planned, change: float, repeats: int) -> None:
    cells = of_changed(planned, change, repeats)
    shares = [100 * np.mean(row) for row in (found(cells), is_drift(cells))]
    expected = 100 * promised(planned, change, noise_of_rate(RATE, planned.correlation))[0]
    of_runs = 100 * np.array(promised_from_runs(planned, change, PILOTS))
    low, high = np.quantile(of_runs, (0.1, 0.9))
    power, drift = (100 * row for row in promised(planned, change, planned.noise))
    by_run = f"{of_runs.mean():.1f} [{low:.0f}, {high:.0f}]"
    figures = f"{expected:.1f} | {by_run} | {power:.1f} | {shares[0]:.1f} | {drift:.1f} | {shares[1]:.1f}"
    print(f"{name} | {100 * change:+g} | {figures}", flush=True)


def _print_unchanged(name: str, sizes: Sizes, window: int, correlation: float, repeats: int) -> None:
    compared_runs = of_unchanged(sizes, correlation, repeats, window)
    low = np.mean(found(cell for cells in compared_runs for cell in cells if cell.category in sizes))
    verdicts = Counter(decide(cells) for cells in compared_runs)
    p = binomtest(verdicts["drift"], repeats, LEVEL, alternative="greater").pvalue
    counts = " | ".join(str(verdicts[word]) for word in ("ok", "inconclusive", "drift"))
    print(f"{name} | {window} | {correlation:g} | {100 * low:.2f} % | {counts} | {p:.3f}", flush=True)


def _rates(rate: float, correlation: float, normal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Beta rates with this mean, where standard normal numbers decide how high each is."""
    if correlation == 0:
        return np.full(len(normal), rate)
    concentration = 1 / correlation - 1
    return np.asarray(betaincinv(rate * concentration, (1 - rate) * concentration, ndtr(normal)))


def _sums(category: str, tests: Sequence[int], rates: NDArray[np.float64], draw: np.random.Generator) -> list[LeakSum]:
    totals = np.split(draw.binomial(SAMPLES, np.repeat(rates, tests)), np.cumsum(tests)[:-1])
    return _leak_sums(category, [of_job.tolist() for of_job in totals], SAMPLES)


def _leak_sums(category: str, totals: Sequence[Sequence[float]], samples: int) -> list[LeakSum]:
    """From the total of each test of each job."""
    return [
        LeakSum(f"{category}/{job}", f"{category}/{job}", f"{job}/{test}", "m", category, samples, float(total))
        for job, of_job in enumerate(totals)
        for test, total in enumerate(of_job)
    ]


if __name__ == "__main__":
    main()
