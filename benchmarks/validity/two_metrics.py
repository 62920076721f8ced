"""Verdicts of two runs of one target under two metrics, whose mean decides, on the structure of real answers.

Suites of the own ones' shapes are made of the published jobs, and runs drawn from their answers: Sentence-BERT and
BERTScore score the same draws. The second run is unchanged, or leaks less by so many points everywhere or in one
category.
"""

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.validity.answers import Answered, Scores, all_scores, redrawn, suite_of
from benchmarks.validity.exchanging import CONCEPTS, METRICS, SAMPLES
from benchmarks.validity.published import MODELS, WORKBOOKS
from results.comparison import LeakSum, compare, decide
from results.statistics import family, paired
from results.statistics.verdicts import DELTA_POINTS
from results.sums import SampleSums

EXCHANGES = 999
CHANGES = ((0.0, False), (-0.05, False), (-0.10, False), (-0.15, True))
"""By how much the rate changes, and whether in the first category alone."""


@dataclass(frozen=True)
class Shape:
    """So many categories, jobs of each and tests of each job."""

    categories: int
    jobs: int
    tests: int

    def category(self, job: int) -> str:
        """The category of a job."""
        return f"c{job // self.jobs}"


SHAPES: Mapping[str, Shape] = {"concepts": Shape(8, 13, 3), "colours": Shape(3, 62, 4)}


def verdicts(
    jobs: Mapping[str, Sequence[Answered]], shape: Shape, change: float, one: bool, repeats: int
) -> Counter[str]:
    """How often each verdict is given."""
    return Counter(_verdict(jobs, shape, change, one, repeat) for repeat in range(repeats))


def _verdict(jobs: Mapping[str, Sequence[Answered]], shape: Shape, change: float, one: bool, repeat: int) -> str:
    count = shape.categories * shape.jobs
    suites = {
        metric: suite_of(of_metric, count, shape.tests, CONCEPTS, np.random.default_rng([1, repeat]))
        for metric, of_metric in jobs.items()
    }
    before, after = (
        {
            metric: redrawn([job.scores for job in suite], SAMPLES, np.random.default_rng([2, repeat, run]))
            for metric, suite in suites.items()
        }
        for run in (0, 1)
    )
    touched = [not one or shape.category(job) == "c0" for job in range(count)]
    rate = float(np.mean([of_job for run in before.values() for of_job, hit in zip(run, touched, strict=True) if hit]))
    # The same answers are others under both metrics.
    kept = np.random.default_rng([3, repeat]).random((count, shape.tests, SAMPLES)) >= -change / rate
    after = {
        metric: [job * mask if hit else job for job, mask, hit in zip(run, kept, touched, strict=True)]
        for metric, run in after.items()
    }
    sides = [_sums(run, name, shape) for name, run in (("after", after), ("before", before))]
    categories = [f"c{number}" for number in range(shape.categories)]
    (ours, our_samples), (theirs, their_samples) = sides
    return decide(compare(ours, [theirs], categories, DELTA_POINTS, [our_samples, their_samples]))


def _sums(run: Mapping[str, Scores], run_id: str, shape: Shape) -> tuple[list[LeakSum], list[SampleSums]]:
    tests, samples = [], []
    numbers = list(range(SAMPLES))
    for metric, jobs in run.items():
        for number, job in enumerate(jobs):
            name, category = f"j{number:03}", shape.category(number)
            totals = job.sum(axis=0).tolist()
            samples.append(SampleSums(run_id, name, metric, category, True, numbers, [shape.tests] * SAMPLES, totals))
            tests += [
                LeakSum(name, name, f"t{test}", metric, category, SAMPLES, float(total))
                for test, total in enumerate(job.sum(axis=1))
            ]
    return tests, samples


def main() -> None:
    """Prints what the module says: a row per suite and change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=150)
    parser.add_argument("--model", choices=MODELS, default=MODELS[1])
    parser.add_argument("--workbooks", type=Path, default=WORKBOOKS, help="the folder with the published workbooks")
    arguments = parser.parse_args()
    workbook = arguments.workbooks / f"colors_{arguments.model}.xlsx"
    jobs = {metric: all_scores(workbook, metric) for metric in METRICS}
    family.RANDOM_EXCHANGES = paired.RANDOM_EXCHANGES = EXCHANGES
    print("suite | change | ok | inconclusive | drift (%)")
    for name, shape in SHAPES.items():
        for change, one in CHANGES:
            found = verdicts(jobs, shape, change, one, arguments.repeats)
            where = "one category" if one else "all"
            shares = " | ".join(
                f"{100 * found[each] / arguments.repeats:.1f}" for each in ("ok", "inconclusive", "drift")
            )
            print(f"{name} | {where} {100 * change:+g} | {shares}", flush=True)


if __name__ == "__main__":
    main()
