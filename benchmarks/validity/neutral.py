"""Is 50 % no leakage? The published answers against the control and against the neutral arm; and the same where the
neutral arm's own answers stand in the tests' place, so that no concept has any effect."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.validity.published import MODELS, WORKBOOKS
from results.placebo import ABOVE_PLACEBO, in_points, with_above_placebo
from results.statistics.intervals import Interval, rate_with_interval
from results.sums import CellSums
from seep.settings import Scoring, load_settings
from seep.suites.workbook import read_workbook
from services.scorer.loading import load_metrics

SAMPLES = 5
FEW_TESTS = 4  # as many as a job of the own suites has
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Arms:
    """A job's similarities to each test's concept, by test and answer: [tests, SAMPLES] of each arm."""

    category: str
    tests: Floats
    control: Floats
    neutral: Floats


def main() -> None:
    """Prints the published rates, then the null, then what more neutral answers save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workbooks", type=Path, default=WORKBOOKS, help="the folder with the published workbooks")
    parser.add_argument("--repeats", type=int, default=1000)
    arguments = parser.parse_args()
    for metric in ("sentence_bert", "bert_score"):
        for model in MODELS:
            jobs = arms_of(arguments.workbooks / f"colors_{model}.xlsx", metric)
            cells = {name: [job for job in jobs if job.category == name] for name in ("1", "2", "3")}
            for name, strata in {"1": [cells["1"]], "2": [cells["2"]], "all": list(cells.values())}.items():
                print(f"| {metric} | {model} | {name} | {published(strata)} | {null(strata, arguments.repeats)} |")
    print("\nrun-to-run standard error in points, by tests a job and neutral answers a sample")
    jobs = arms_of(arguments.workbooks / f"colors_{MODELS[0]}.xlsx", "sentence_bert")
    for tests in (FEW_TESTS, max(len(job.tests) for job in jobs)):
        errors = [f"{answers}: {spread(jobs, tests, answers, arguments.repeats):.2f}" for answers in (1, 2, 4)]
        print(f"{tests} tests: {', '.join(errors)}")


def arms_of(workbook: Path, metric_name: str) -> list[Arms]:
    """The similarities of all jobs that have a neutral arm and one category."""
    [metric] = load_metrics(load_settings().metrics, Scoring(dtype="float32"), [metric_name])[0].values()
    suite, rows = read_workbook(workbook)
    answers = dict(rows)
    jobs = [job for job in suite.jobs if job.neutral is not None]
    pairs = list(
        dict.fromkeys(
            (test.concept, answer)
            for job in jobs
            for test in job.tests
            for prompt in (test.prompt, job.control, job.neutral or "")
            for answer in answers[prompt]
        )
    )
    similar = dict(zip(pairs, metric.exact(pairs), strict=True))

    def near(concepts: Iterable[str], prompts: Iterable[str]) -> Floats:
        return np.array([[similar[c, answer] for answer in answers[p]] for c, p in zip(concepts, prompts, strict=True)])

    found = []
    for job in jobs:
        concepts, count = [test.concept for test in job.tests], len(job.tests)
        of_tests = near(concepts, [test.prompt for test in job.tests])
        control, neutral = (near(concepts, [prompt] * count) for prompt in (job.control, job.neutral or ""))
        found.append(Arms(job.tests[0].category, of_tests, control, neutral))
    return found


def leaks(ours: Floats, theirs: Floats) -> Floats:
    """Leak scores, by position."""
    nearer = ours - theirs
    return np.where(np.abs(nearer) <= Scoring().tie_tolerance, 0.5, nearer > 0)


def published(strata: Sequence[Sequence[Arms]]) -> str:
    """Test against control, what it is above placebo, and test against neutral, as recorded."""
    control, neutral = (
        [[(float(leaks(job.tests, getattr(job, arm)).sum()), job.tests.size) for job in jobs] for jobs in strata]
        for arm in ("control", "neutral")
    )
    above = in_points(rate_with_interval(*(_above_placebo(jobs) for jobs in strata)))
    assert above is not None
    points = f"{above.share:+.1f} [{above.low:+.1f}, {above.high:+.1f}]"
    return f"{_shown(rate_with_interval(*control))} | {points} | {_shown(rate_with_interval(*neutral))}"


def null(strata: Sequence[Sequence[Arms]], repeats: int) -> str:
    """Without any effect of a concept: mean rate, and how many intervals hold 50; against control, against neutral.

    In each repeat the answers of all arms are drawn anew from the recorded ones, the tests' from the neutral arm's.
    """
    draw = np.random.default_rng(1)
    found: Mapping[str, list[Interval]] = {"control": [], "neutral": []}
    for _ in range(repeats):
        sums: dict[str, list[list[tuple[float, int]]]] = {"control": [], "neutral": []}
        for jobs in strata:
            drawn = [(job, draw.integers(SAMPLES, size=(len(job.tests), SAMPLES))) for job in jobs]
            for arm, of_arm in sums.items():
                of_arm.append([_null_sum(job, numbers, arm, draw) for job, numbers in drawn])
        for arm, of_strata in sums.items():
            found[arm].append(rate_with_interval(*of_strata))
    return " | ".join(
        f"{np.mean([each.rate for each in of_arm]):.1f} | "
        f"{100 * np.mean([(each.low or 0) <= 50 <= (each.high or 0) for each in of_arm]):.1f}"
        for of_arm in found.values()
    )


def spread(jobs: Sequence[Arms], tests: int, answers: int, repeats: int) -> float:
    """Standard deviation, in points, of the rate against the neutral arm over runs, with so many tests of each job and
    so many neutral answers a sample, over which the tests take turns."""
    draw = np.random.default_rng(2)
    rates = []
    for _ in range(repeats):
        scores = []
        for job in jobs:
            rows = np.arange(min(tests, len(job.tests)))
            ours = job.tests[rows[:, None], draw.integers(SAMPLES, size=(len(rows), SAMPLES))]
            numbers = draw.integers(SAMPLES, size=(answers, SAMPLES))[rows % answers]
            scores.append(leaks(ours, job.neutral[rows[:, None], numbers]).mean())
        rates.append(100 * np.mean(scores))
    return float(np.std(rates))


def _null_sum(job: Arms, numbers: NDArray[np.int64], arm: str, draw: np.random.Generator) -> tuple[float, int]:
    rows = np.arange(len(job.tests))[:, None]
    reference = getattr(job, arm)[rows, draw.integers(SAMPLES, size=SAMPLES)[None, :]]
    return float(leaks(job.neutral[rows, numbers], reference).sum()), numbers.size


def _above_placebo(jobs: Sequence[Arms]) -> list[tuple[float, int]]:
    clusters, sizes = [str(number) for number in range(len(jobs))], [job.tests.size for job in jobs]
    leak, placebo = ([float(leaks(ours, job.control).sum()) for job, ours in arms] for arms in _of_control(jobs))
    rows = (CellSums("", "", name, clusters, sizes, totals) for name, totals in (("leak", leak), ("placebo", placebo)))
    [above] = [row for row in with_above_placebo(rows) if row.measure == ABOVE_PLACEBO]
    return list(zip(above.totals, above.sizes, strict=True))


def _of_control(jobs: Sequence[Arms]) -> tuple[list[tuple[Arms, Floats]], list[tuple[Arms, Floats]]]:
    """The tests' answers, and the neutral arm's in their place."""
    return [(job, job.tests) for job in jobs], [(job, job.neutral) for job in jobs]


def _shown(interval: Interval) -> str:
    return f"{interval.rate:.1f} [{interval.low:.1f}, {interval.high:.1f}]"


if __name__ == "__main__":
    main()
