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
from results.statistics.level import LEVEL
from results.statistics.noise import Noise, noise_of_rate
from results.statistics.paired import Cluster, paired_effect
from results.statistics.verdicts import DELTA_POINTS

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
    """So many jobs, tests of each and samples; how much a job's comparisons correlate, and the change of the rate.

    `shared` says whether the tests of a job share an answer in each sample.
    """

    jobs: int
    tests: int
    samples: int
    correlation: float
    change: float
    rate: float = RATE
    shared: bool = True

    @property
    def design(self) -> Design:
        """Its jobs, whose tests go through the concepts."""
        names = [f"c{k % CONCEPTS}" for k in range(self.jobs * self.tests)]
        jobs = [tuple(names[k * self.tests : (k + 1) * self.tests]) for k in range(self.jobs)]
        return Design(tuple(jobs), self.samples)

    @property
    def noise(self) -> Noise:
        """As `seep power --rate --icc` has it."""
        return noise_of_rate(self.rate, self.correlation, self.shared)


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
OTHERS = (
    Shape(30, 6, 2, 0.2, -0.1),
    Shape(24, 3, 2, 0.1, 0.1, rate=0.4),
    Shape(100, 3, 2, 0.1, -0.05),
    Shape(40, 2, 3, 0.1, 0.1, rate=0.5),
    Shape(16, 5, 8, 0.2, -0.1, rate=0.6),
    Shape(30, 4, 5, 0.1, -0.1, shared=False),
    Shape(30, 4, 2, 0.2, 0.1, rate=0.2, shared=False),
)
"""On which nothing was chosen: they were run once, after all formulas."""


def found(shape: Shape, spread: Spread, repeats: int) -> float:
    """The share of comparisons with p < 0.05."""
    draw = np.random.default_rng(11)
    suite = [Answered(np.zeros(0), (), job) for job in shape.design.jobs]
    low = 0
    for _ in range(repeats):
        before, after = same_runs([shape.tests] * shape.jobs, shape.samples, shape.noise, draw)
        after = changed(after, suite, spread, shape.change, shape.rate, draw)
        low += sample_ps([by_samples(before, after)])[0][0] < LEVEL
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


def changed(
    run: Scores, suite: Sequence[Answered], spread: Spread, change: float, rate: float, draw: np.random.Generator
) -> Scores:
    """A run of this rate after the change; upwards it is what does not leak that changes."""
    if change < 0:
        return PLANTED[spread](run, suite, -change / rate, draw)
    flipped = PLANTED[spread]([1 - scores for scores in run], suite, change / (1 - rate), draw)
    return [1 - scores for scores in flipped]


def main() -> None:
    """Prints what the module says: a row per shape and spread."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--others", action="store_true", help="The shapes on which nothing was chosen.")
    arguments = parser.parse_args()
    repeats = arguments.repeats
    family.RANDOM_EXCHANGES = EXCHANGES
    print("jobs x tests x samples | rate | correlation | change | spread | promised | found (%)")
    for shape in OTHERS if arguments.others else SHAPES:
        alone = "" if shape.shared else ", nothing shared"
        sizes = f"{shape.jobs} x {shape.tests} x {shape.samples}"
        named = f"{sizes} | {100 * shape.rate:g} | {shape.correlation:g}{alone} |"
        for spread in SPREADS:
            promised = found_of(shape.design, shape.noise, spread, shape.change, 1, DELTA_POINTS / 100).p
            figures = f"{100 * promised:.1f} | {100 * found(shape, spread, repeats):.1f}"
            print(f"{named} {100 * shape.change:+g} | {spread} | {figures}", flush=True)
        promised = ok_of(shape.design, shape.noise, DELTA_POINTS / 100)
        print(f"{named} 0 | ok | {100 * promised:.1f} | {100 * called_ok(shape, repeats):.1f}", flush=True)


if __name__ == "__main__":
    main()
