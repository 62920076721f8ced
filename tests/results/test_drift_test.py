"""A monitor's test, advanced run by run without a database."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest

from results.comparison import Cell, LeakSum
from results.drift_test import (
    PROFILE,
    CellTest,
    Step,
    advance,
    begin,
    differs_from_baseline,
    job_scores,
    with_run,
)
from results.statistics.sequential import add_rank, no_evidence
from results.trust import LAST_RUNS, differ
from tests.summaries import SUMMARY

JOBS = 12


def sums(draw: np.random.Generator, rate: float, categories: tuple[str, ...] = ("1", "2")) -> list[LeakSum]:
    """A run of a test per category and job, 20 samples each."""
    return [
        LeakSum(f"j{job}", f"j{job}", f"t{category}", "m", category, 20, float(draw.binomial(20, rate)))
        for job in range(JOBS)
        for category in categories
    ]


class Stream:
    """A monitor's test, run by run, with an alarm at three points."""

    def __init__(self, baseline: Sequence[Sequence[LeakSum]]) -> None:
        self.baseline, self.runs = baseline, list[Sequence[LeakSum]]()
        self.alarm = False
        self.test = begin(baseline, "watch", [f"base-{place}" for place in range(len(baseline))])
        self.steps: list[Step] = []

    def add(self, run: Sequence[LeakSum], run_id: str | None = None) -> Step:
        step = advance(self.test, run, "watch", run_id or f"run-{len(self.steps)}")
        for cell in step.cells:
            name = (cell.metric, cell.category)
            self.test[name] = CellTest(with_run(self.test[name].references, cell.jobs, cell.slot), cell.evidence)
        self.steps.append(step)
        self.runs.append(run)
        self.alarm |= bool(step.convincing) and differ(step.convincing, self.runs[-LAST_RUNS:], self.baseline, 3)
        return step

    @property
    def convincing(self) -> bool:
        return any(step.convincing for step in self.steps)


def baseline(draw: np.random.Generator, runs: int) -> list[list[LeakSum]]:
    return [sums(draw, 0.6) for _ in range(runs)]


def of_jobs(scores: Mapping[Cell, Mapping[str, float]]) -> dict[Cell, dict[str, float]]:
    """The same by the job's name alone."""
    return {cell: {name.rpartition(" ")[0]: score for name, score in jobs.items()} for cell, jobs in scores.items()}


def test_scores_are_mean_leak_scores_of_tests_summed_by_job_and_over_all_metrics_and_categories() -> None:
    rows = [
        LeakSum("j", "j", test, metric, category, n, total)
        for test, metric, category, n, total in (
            ("a", "m", "1", 2, 1.0),
            ("b", "m", "1", 2, 2.0),
            ("c", "m", "2", 4, 1.0),
            ("c", "other", "2", 4, 0.0),
        )
    ]
    assert of_jobs(job_scores(rows)) == {
        ("m", "1"): {"j": 1.5},
        ("m", "2"): {"j": 0.25},
        ("other", "2"): {"j": 0.0},
        ("all", "all"): {"j": 1.75},
        PROFILE: {"1 j": 1.5, "2 j": 0.25},
    }
    # The same twice would halve the level.
    assert of_jobs(job_scores(rows[:2])) == {("m", "1"): {"j": 1.5}, PROFILE: {"1 j": 1.5}}


def test_clusters_that_are_samples_are_one_test() -> None:
    rows = [LeakSum("j", f"j/{sample}", "a", "m", "1", 1, float(sample == 0)) for sample in range(4)]
    assert of_jobs(job_scores(rows))["m", "1"] == {"j": 0.25}


def test_a_job_without_some_of_its_tests_is_another_job() -> None:
    rows = [LeakSum("j", "j", test, "m", "1", 2, 1.0) for test in "ab"]
    whole, part = job_scores(rows)["m", "1"], job_scores(rows[:1])["m", "1"]
    assert whole.keys().isdisjoint(part)
    assert job_scores(rows[::-1])["m", "1"].keys() == whole.keys()
    assert job_scores([row._replace(n=1) for row in rows[:1]])["m", "1"].keys() == part.keys()


@pytest.mark.parametrize("lost", ["samples", "tests"])
def test_more_lost_answers_are_no_drift(lost: str) -> None:
    draw = np.random.default_rng(3)
    stream = Stream(baseline(draw, 14))
    for _ in range(12):
        run = sums(draw, 0.6)
        if lost == "samples":
            run = [row._replace(n=8, total=float(draw.binomial(8, 0.6))) for row in run]
        else:
            run = [row for row in run if row.category == "1" or int(row.job_id[1:]) % 3]
        stream.add(run)
    assert not stream.alarm


def test_categories_that_count_the_same_comparisons_are_not_tested_together() -> None:
    rows = [LeakSum("j", "j", "t", "m", category, 2, total) for category, total in (("es>es", 2.0), ("es>it", 0.0))]
    assert job_scores(rows).keys() == {("m", "es>es"), ("m", "es>it"), PROFILE}


def test_an_unchanged_stream_is_quiet_and_a_changed_one_is_found() -> None:
    draw = np.random.default_rng(1)
    stream = Stream(baseline(draw, 7))
    alarms = []
    for rate in [0.6] * 20 + [0.9] * 6:
        stream.add(sums(draw, rate))
        alarms.append(stream.alarm)
    assert not alarms[19]
    assert alarms[24]
    assert not any(step.convincing for step in stream.steps[:20])
    assert all(("all", "all") in step.convincing for step in stream.steps[24:])
    assert stream.steps[-1].e_value > 20


def test_a_change_of_one_category_alone_is_found() -> None:
    draw = np.random.default_rng(5)
    stream = Stream(baseline(draw, 7))
    for _ in range(9):
        changed = [row for row in sums(draw, 0.9) if row.category == "2"]
        step = stream.add([*(row for row in sums(draw, 0.6) if row.category == "1"), *changed])
    assert ("m", "2") in step.convincing
    assert ("m", "1") not in step.convincing


def test_a_change_of_one_job_alone_is_found_by_the_profile() -> None:
    draw = np.random.default_rng(9)

    # So many jobs that one of them does not move their sum.
    def run(of_first: float) -> list[LeakSum]:
        totals = [float(draw.binomial(20, of_first if job == 0 else 0.5)) for job in range(150)]
        return [LeakSum(f"j{job}", f"j{job}", "t", "m", "1", 20, total) for job, total in enumerate(totals)]

    stream = Stream([run(0.0) for _ in range(14)])
    for _ in range(5):
        step = stream.add(run(1.0))
    assert step.convincing == [PROFILE]
    assert stream.alarm


def test_models_that_always_answer_alike_are_quiet() -> None:
    run = sums(np.random.default_rng(6), 0.6)
    stream = Stream([run])
    for _ in range(50):
        stream.add(run)
    assert not stream.convincing
    found = [cell.rank for step in stream.steps for cell in step.cells if cell.category in ("1", "profile")]
    assert kstest([rank for rank in found if rank is not None], "uniform").pvalue > 0.001


def test_runs_that_lack_jobs_take_part_and_are_no_evidence() -> None:
    draw = np.random.default_rng(7)

    def run(lacking: int) -> list[LeakSum]:
        # The jobs that are left leak far more than those that are missing.
        rows = [row._replace(total=row.total / 2 if int(row.job_id[1:]) < 5 else row.total) for row in sums(draw, 0.6)]
        return [row for row in rows if int(row.job_id[1:]) >= lacking]

    stream = Stream([run(0) for _ in range(7)])
    for _ in range(30):
        stream.add(run(5))
    assert not stream.convincing


def test_the_same_run_in_the_same_stream_has_the_same_e_value() -> None:
    start, run = baseline(np.random.default_rng(2), 2), sums(np.random.default_rng(3), 0.7)
    first, again, other = (Stream(start).add(run, name) for name in ("run-1", "run-1", "run-2"))
    assert [cell.rank for cell in first.cells] == [cell.rank for cell in again.cells]
    assert first.e_value == again.e_value
    # Ties are broken by chance, which another run's name changes.
    assert [cell.rank for cell in first.cells] != [cell.rank for cell in other.cells]


def test_a_category_that_a_run_lacks_keeps_its_evidence_and_a_new_one_takes_no_part() -> None:
    high = add_rank(add_rank(no_evidence(40), 0.999), 0.999)
    stream = {("m", "1"): CellTest([{"j": 0.5}], high)}
    step = advance(stream, sums(np.random.default_rng(4), 0.5, ("new",)), "watch", "run")
    assert step == Step([], float(high.e_values), [("m", "1")])


def test_a_long_stream_keeps_so_many_runs_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("results.statistics.sequential.MOST_REFERENCES", 9)
    draw = np.random.default_rng(8)
    stream = Stream(baseline(draw, 3))
    for _ in range(40):
        stream.add(sums(draw, 0.6))
    assert {len(test.references) for test in stream.test.values()} == {9}
    assert {test.evidence.runs for test in stream.test.values()} == {43}
    assert not stream.convincing


def scored_by(**scorer: str) -> object:
    return replace(SUMMARY, provenance={**SUMMARY.provenance, **scorer})


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (SUMMARY, None),
        (replace(SUMMARY, provenance={**SUMMARY.provenance, "model": "new"}), None),
        (replace(SUMMARY, mixed=True), "its jobs differ in model, engine, decoding or scorer"),
        (replace(SUMMARY, state="cancelled"), "it was cancelled"),
        (replace(SUMMARY, suite_hash="h2", samples=5), "it differs from the baseline in suite_hash, samples"),
        (scored_by(scoring="published"), "it differs from the baseline in scoring"),
        (scored_by(**{"metrics.sentence_bert": "another"}), "it differs from the baseline in metrics.sentence_bert"),
        (scored_by(**{"metrics.third": "another"}), "it differs from the baseline in metrics.third"),
        (scored_by(detectors="another version"), "it differs from the baseline in detectors"),
        # Leak scores are float32's on every hardware.
        (scored_by(scorer_dtype="bfloat16"), None),
    ],
)
def test_only_runs_like_the_baseline_join_its_stream(run: object, why: str | None) -> None:
    assert differs_from_baseline(run, SUMMARY) == why  # type: ignore[arg-type]
