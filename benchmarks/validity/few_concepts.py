"""Intervals of a suite that asks few concepts on many prompts: over prompts, and over other concepts too.

The truth is the rate over all prompts and concepts alike: jobs, concepts and tests each move the rate by a normal of
their own.
"""

import argparse

import numpy as np

from benchmarks.validity.strata import coverage
from results.statistics.intervals import Interval, rate_with_interval
from results.statistics.two_way import Crossed, over_concepts

# Jobs, tests of each, concepts of the suite; None: each test has a concept of its own.
SUITES: dict[str, tuple[int, int, int | None]] = {
    "colours 1: 62 jobs, 4 of 13 concepts": (62, 4, 13),
    "colours 1+2: 123 jobs, 4 of 13": (123, 4, 13),
    "10 jobs, 4 of 8 concepts": (10, 4, 8),
    "published 1: 10 jobs, all of 33": (10, 33, 33),
    "concepts: 104 jobs, 3 of their own": (104, 3, None),
}
SAMPLES = 5
RATE = 0.65
OF_JOBS, OF_TESTS = 0.02, 0.02
OF_CONCEPTS = (0.0, 0.002, 0.004, 0.0075)
"""Variances of the rate. Concepts of the published answers: 0.001 to 0.011."""


def main() -> None:
    """Prints a row per suite: percent that hold the true rate (mean width in points), over prompts / concepts too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000)
    repeats = parser.parse_args().repeats
    print("| suite | " + " | ".join(f"{variance:g}" for variance in OF_CONCEPTS) + " |")
    print("|---" * (1 + len(OF_CONCEPTS)) + "|")
    for name, shape in SUITES.items():
        cells = [" / ".join(both(*shape, variance, repeats)) for variance in OF_CONCEPTS]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def both(jobs: int, tests: int, concepts: int | None, variance: float, repeats: int) -> list[str]:
    """Coverage and width over prompts, then over concepts too; "as it was" where the second is not given."""
    draw = np.random.default_rng(7)
    prompts: list[Interval] = []
    wider: list[Interval] = []
    for _ in range(repeats):
        crossed = drawn(jobs, tests, concepts, variance, draw)
        totals = np.array([total for _, _, total, _ in crossed]).reshape(jobs, tests).sum(axis=1)
        prompts.append(rate_with_interval([(total, tests * SAMPLES) for total in totals.tolist()]))
        if bounds := over_concepts(crossed):
            wider.append(Interval(prompts[-1].rate, *bounds, prompts[-1].comparisons, jobs))
    return [coverage(prompts, 100 * RATE), coverage(wider, 100 * RATE) if wider else "as it was"]


def drawn(jobs: int, tests: int, concepts: int | None, variance: float, draw: np.random.Generator) -> Crossed:
    """A run's leaking comparisons by job and concept."""
    if concepts is None:
        concept_of = np.arange(jobs * tests).reshape(jobs, tests)
    else:
        concept_of = np.array([draw.permutation(concepts)[:tests] for _ in range(jobs)])
    of_concepts = draw.normal(0, variance**0.5, size=int(concept_of.max()) + 1)
    moved = draw.normal(0, OF_JOBS**0.5, size=(jobs, 1)) + draw.normal(0, OF_TESTS**0.5, size=(jobs, tests))
    totals = draw.binomial(SAMPLES, np.clip(RATE + moved + of_concepts[concept_of], 0, 1))
    return [(str(j), str(concept_of[j, k]), float(totals[j, k]), SAMPLES) for j in range(jobs) for k in range(tests)]


if __name__ == "__main__":
    main()
