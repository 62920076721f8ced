"""How often an effect's interval of nominal 95 % holds the true effect, and what is found in a matrix of languages.

Beside Seep's intervals stand those of Student's t alone wherever any cluster differs from another, beside its adjusted
p-values those of Benjamini and Hochberg over all cells, also of those in which nothing can be found.
"""

import argparse
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv
from scipy.stats import binom, false_discovery_control

from benchmarks.validity.coverage import SETS
from results.comparison import CellVerdict, LeakSum, compare
from results.statistics.degrees_of_freedom import degrees_of_freedom, quantile_of_t
from results.statistics.level import LEVEL
from results.statistics.paired import Cluster, paired_effect
from results.statistics.verdicts import DELTA_POINTS

Floats = NDArray[np.float64]

SAMPLES = 80
RARE = (0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.2)
SIMULATED = ((0.3, 0.3), (0.7, 0.7), (0.7, 0.6), (0.95, 0.95), (0.0, 0.05))
CORRELATION = 0.1
LANGUAGES = [f"l{k:02}" for k in range(14)]
SWITCHED = (3, 5)
JOBS, ANSWERS = 12, 20


def half_widths(clusters: Sequence[Cluster]) -> tuple[float, float, float]:
    """The effect, and the half-widths of Seep's interval and of Student's t, in points; Seep's where none differs."""
    found = paired_effect(clusters)
    assert found.effect is not None
    assert found.low is not None
    assert found.high is not None
    totals = np.array([cluster.differences[0] for cluster in clusters])
    sizes = np.array([cluster.pairs for cluster in clusters])
    without_one = (totals.sum() - totals) / (sizes.sum() - sizes)
    error = np.sqrt((len(sizes) - 1) * without_one.var())
    width = max(found.effect - found.low, found.high - found.effect)
    return found.effect, width, 100 * quantile_of_t(degrees_of_freedom(tuple(sizes.tolist())), 0.975) * error or width


def rare_coverage(samples: int, rates: Sequence[float]) -> dict[float, tuple[float, float]]:
    """By true rate of a run: percent of intervals that hold the effect, Seep's and Student's, of clusters of one
    comparison against a reference without a leak. Exact: every number of leaks is counted with its probability."""
    leaks = np.arange(samples + 1)
    leak, none = Cluster.from_scores([[1.0], [0.0]]), Cluster.from_scores([[0.0], [0.0]])
    found = np.array([half_widths([leak] * one_leak + [none] * (samples - one_leak)) for one_leak in leaks])
    covered = {}
    for rate in rates:
        held = np.abs(found[:, :1] - 100 * rate) <= found[:, 1:]
        ours, students = (100 * binom.pmf(leaks, samples, rate) @ held).tolist()
        covered[rate] = ours, students
    return covered


def simulated_coverage(tests: Sequence[int], samples: int, rates: tuple[float, float], repeats: int) -> Floats:
    """Percent of Seep's and of Student's intervals that hold the effect, and their mean half-widths in points, for runs
    with these rates, the reference's first; a job that is high in one is as high in the other."""
    draw = np.random.default_rng(1)
    found = np.array([half_widths(_jobs(tests, samples, rates, draw)) for _ in range(repeats)])
    held = np.abs(found[:, :1] - 100 * (rates[1] - rates[0])) <= found[:, 1:]
    return np.concatenate((100 * held.mean(axis=0), found[:, 1:].mean(axis=0)))


def matrix(rate: float, switched: float, draw: np.random.Generator) -> list[CellVerdict]:
    """Two runs of the language probe compared: so many answers, in [0, 1], are in other languages than asked for.

    In the run, of one language, `switched` more are in one other.
    """
    return compare(_answers(rate, switched, draw), [_answers(rate, 0.0, draw)], [], DELTA_POINTS)


def discoveries(cells: Sequence[CellVerdict]) -> tuple[set[str], set[str]]:
    """The categories with an adjusted p < 0.05: Seep's, and those if all cells are counted."""
    all_counted = false_discovery_control([cell.p for cell in cells]) < LEVEL
    ours = {cell.category for cell in cells if cell.adjusted_p is not None and cell.adjusted_p < LEVEL}
    return ours, {cell.category for cell, low in zip(cells, all_counted, strict=True) if low}


def main() -> None:
    """Prints what the module says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=600)
    repeats = parser.parse_args().repeats
    print("| set | reference's rate, run's | seep (half-width) | Student's t alone (half-width) |")
    for rate, held in rare_coverage(SAMPLES, RARE).items():
        print(f"| {SAMPLES} samples | 0, {100 * rate:g} | {held[0]:.1f} | {held[1]:.1f} |")
    for name, (tests, samples) in SETS.items():
        for before, after in SIMULATED:
            ours, students, width, narrower = simulated_coverage(tests, samples, (before, after), repeats)
            cells = f"{ours:.1f} ({width:.1f}) | {students:.1f} ({narrower:.1f})"
            print(f"| {name} | {100 * before:g}, {100 * after:g} | {cells} |", flush=True)
    print("| other answers | switched | found: seep, all counted | false of those called: seep, all counted |")
    for rate in (0.0, 0.01, 0.05):
        for switched in (0.0, 0.3):
            _print_discoveries(rate, switched, max(1, repeats // 10))


def _print_discoveries(rate: float, switched: float, repeats: int) -> None:
    draw = np.random.default_rng(2)
    source, goal = (LANGUAGES[k] for k in SWITCHED)
    right = {f"{source}>{source}", f"{source}>{goal}"} if switched else set()
    found = [discoveries(matrix(rate, switched, draw)) for _ in range(repeats)]
    power = (100 * sum(len(called[k] & right) for called in found) / max(1, len(right)) / repeats for k in (0, 1))
    false = (100 * sum(len(called[k] - right) / max(1, len(called[k])) for called in found) / repeats for k in (0, 1))
    cells = " | ".join(f"{ours:.1f}, {counted:.1f}" for ours, counted in (power, false))
    print(f"| {100 * rate:g} | {100 * switched:g} | {cells} |", flush=True)


def _jobs(tests: Sequence[int], samples: int, rates: tuple[float, float], draw: np.random.Generator) -> list[Cluster]:
    places = draw.uniform(size=len(tests))
    before, after = (_rates(rate, places) for rate in rates)
    return [
        Cluster.from_scores([(draw.binomial(samples, own, size) / samples).tolist() for own in (ours, theirs)])
        for size, ours, theirs in zip(tests, after, before, strict=True)
    ]


def _rates(rate: float, places: Floats) -> Floats:
    """Beta rates with this mean of jobs at these places, in [0, 1], among all."""
    if rate == 0:
        return np.zeros(len(places))
    concentration = 1 / CORRELATION - 1
    return np.asarray(betaincinv(rate * concentration, (1 - rate) * concentration, places))


def _answers(rate: float, switched: float, draw: np.random.Generator) -> list[LeakSum]:
    cells = [*LANGUAGES, "other", "unknown"]
    rows = []
    for row_of, language in enumerate(LANGUAGES):
        shares = np.full(len(cells), rate / (len(cells) - 1))
        shares[row_of] = 1 - rate
        if row_of == SWITCHED[0]:
            shares[list(SWITCHED)] += -switched, switched
        counts = draw.multinomial(ANSWERS, shares, size=JOBS).tolist()
        rows += [
            LeakSum(str(job), str(job), "t", "m", f"{language}>{answered}", ANSWERS, float(count))
            for job, of_job in enumerate(counts)
            for answered, count in zip(cells, of_job, strict=True)
        ]
    return rows


if __name__ == "__main__":
    main()
