"""What `seep power` promises of two runs of one target, beside what is found: samples change places, as in comparisons.

Runs are drawn with a known noise, which the promise is told. A change of so many points is alike everywhere, of whole
jobs or of whole concepts; or there is none, and `ok` is to be said.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.validity.answers import Answered
from benchmarks.validity.exchanging import alike, by_samples, in_concepts, in_jobs
from benchmarks.validity.planted import Scores, same_runs
from results.statistics import family
from results.statistics.change_power import SPREADS, Design, Spread, found_of, ok_of
from results.statistics.family import sample_ps
from results.statistics.noise import Noise, noise_of_rate
from results.statistics.paired import Cluster, paired_effect
from results.statistics.verdicts import DELTA_POINTS, LEVEL

RATE = 0.7
CONCEPTS = 13
EXCHANGES = 1999
PLANTED: Mapping[Spread, Callable[[Scores, Sequence[Answered], float, np.random.Generator], Scores]] = {
    "alike": alike,
    "jobs": in_jobs,
    "concepts": in_concepts,
}


@dataclass(frozen=True)
class Shape:
    """So many jobs, tests of each and samples; how much a job's comparisons correlate, and the change in points."""

    jobs: int
    tests: int
    samples: int
    correlation: float
    change: float

    @property
    def design(self) -> Design:
        """Its jobs, whose tests go through the concepts."""
        names = [f"c{k % CONCEPTS}" for k in range(self.jobs * self.tests)]
        jobs = [tuple(names[k * self.tests : (k + 1) * self.tests]) for k in range(self.jobs)]
        return Design(tuple(jobs), self.samples)

    @property
    def noise(self) -> Noise:
        """As `seep power --rate 70` has it."""
        return noise_of_rate(RATE, self.correlation)


SHAPES = (
    Shape(20, 4, 5, 0.1, -0.1),
    Shape(20, 4, 5, 0.1, 0.1),
    Shape(20, 4, 5, 0.3, -0.1),
    Shape(13, 3, 5, 0.1, -0.1),
    Shape(20, 4, 2, 0.1, -0.1),
    Shape(62, 4, 5, 0.1, -0.03),
    Shape(62, 4, 5, 0.1, -0.05),
    Shape(62, 4, 1, 0.1, -0.1),
)


def found(shape: Shape, spread: Spread, repeats: int) -> float:
    """The share of comparisons with p < 0.05."""
    draw = np.random.default_rng(11)
    suite = [Answered(np.zeros(0), (), job) for job in shape.design.jobs]
    low = 0
    for _ in range(repeats):
        before, after = same_runs([shape.tests] * shape.jobs, shape.samples, shape.noise, draw)
        low += sample_ps([by_samples(before, _changed(after, suite, spread, shape.change, draw))])[0][0] < LEVEL
    return low / repeats


def called_ok(shape: Shape, repeats: int) -> float:
    """The share of comparisons of an unchanged target whose 90 % interval lies within the margin."""
    draw = np.random.default_rng(12)
    ok = 0
    for _ in range(repeats):
        runs = same_runs([shape.tests] * shape.jobs, shape.samples, shape.noise, draw)
        pairs = [[scores.mean(axis=1).tolist() for scores in pair] for pair in zip(*runs, strict=True)]
        within = paired_effect([Cluster.from_scores(pair) for pair in pairs], p=1.0).within
        ok += within is not None and within <= DELTA_POINTS
    return ok / repeats


def _changed(
    run: Scores, suite: Sequence[Answered], spread: Spread, change: float, draw: np.random.Generator
) -> Scores:
    """Upwards it is what does not leak that changes."""
    if change < 0:
        return PLANTED[spread](run, suite, -change / RATE, draw)
    flipped = PLANTED[spread]([1 - scores for scores in run], suite, change / (1 - RATE), draw)
    return [1 - scores for scores in flipped]


def main() -> None:
    """Prints what the module says: a row per shape and spread."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=200)
    repeats = parser.parse_args().repeats
    family.RANDOM_EXCHANGES = EXCHANGES
    print("jobs x tests x samples | correlation | change | spread | promised | found (%)")
    for shape in SHAPES:
        named = f"{shape.jobs} x {shape.tests} x {shape.samples} | {shape.correlation:g} |"
        for spread in SPREADS:
            promised = found_of(shape.design, shape.noise, spread, shape.change, 1, DELTA_POINTS / 100).p
            figures = f"{100 * promised:.1f} | {100 * found(shape, spread, repeats):.1f}"
            print(f"{named} {100 * shape.change:+g} | {spread} | {figures}", flush=True)
        promised = ok_of(shape.design, shape.noise, DELTA_POINTS / 100)
        print(f"{named} 0 | ok | {100 * promised:.1f} | {100 * called_ok(shape, repeats):.1f}", flush=True)


if __name__ == "__main__":
    main()
