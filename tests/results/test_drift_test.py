"""A monitor's test, advanced run by run without a database."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest

from results.comparison import Cell, LeakSum
from results.drift_test import CellScore, Step, advance, baseline_scores, differs_from_baseline, job_scores
from tests.summaries import SUMMARY

JOBS = 12


def sums(draw: np.random.Generator, rate: float, categories: tuple[str, ...] = ("1", "2")) -> list[LeakSum]:
    """A run of a test per category and job, 20 samples each."""
    return [
        LeakSum(f"j{job}", f"j{job}", f"t{category}", "m", category, 20, float(draw.binomial(20, rate)))
        for job in range(JOBS)
        for category in categories
    ]


def baseline(draw: np.random.Generator, runs: int) -> list[CellScore]:
    return [score for _ in range(runs) for score in baseline_scores(sums(draw, 0.6))]


def of_jobs(scores: Mapping[Cell, Mapping[str, float]]) -> dict[Cell, dict[str, float]]:
    """The same by the job's name alone."""
    return {cell: {name.split()[0]: score for name, score in jobs.items()} for cell, jobs in scores.items()}


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
    }
    assert of_jobs(job_scores(rows[:2])) == {("m", "1"): {"j": 1.5}}  # the same twice would halve the level


def test_clusters_that_are_samples_are_one_test() -> None:
    rows = [LeakSum("j", f"j/{sample}", "a", "m", "1", 1, float(sample == 0)) for sample in range(4)]
    assert of_jobs(job_scores(rows)) == {("m", "1"): {"j": 0.25}}


def test_a_job_without_some_of_its_tests_is_another_job() -> None:
    rows = [LeakSum("j", "j", test, "m", "1", 2, 1.0) for test in "ab"]
    whole, part = job_scores(rows)["m", "1"], job_scores(rows[:1])["m", "1"]
    assert whole.keys().isdisjoint(part)
    assert job_scores(rows[::-1])["m", "1"].keys() == whole.keys()
    assert job_scores([replace(row, n=1) for row in rows[:1]])["m", "1"].keys() == part.keys()


@pytest.mark.parametrize("lost", ["samples", "tests"])
def test_more_lost_answers_are_no_drift(lost: str) -> None:
    draw = np.random.default_rng(3)
    stream, alarm = baseline(draw, 14), False
    for place in range(12):
        run = sums(draw, 0.6)
        if lost == "samples":
            run = [replace(row, n=8, total=float(draw.binomial(8, 0.6))) for row in run]
        else:
            run = [row for row in run if row.category == "1" or int(row.job_id[1:]) % 3]
        step = advance(stream, run, "watch", f"run-{place}", alarm)
        stream, alarm = [*stream, *step.cells], step.alarm
    assert not alarm


def test_categories_that_count_the_same_comparisons_are_not_tested_together() -> None:
    rows = [LeakSum("j", "j", "t", "m", category, 2, total) for category, total in (("es>es", 2.0), ("es>it", 0.0))]
    assert job_scores(rows).keys() == {("m", "es>es"), ("m", "es>it")}


def test_an_unchanged_stream_is_quiet_and_a_changed_one_alarms_for_good() -> None:
    draw = np.random.default_rng(1)
    stream, alarm = baseline(draw, 7), False
    alarms = []
    for place, rate in enumerate([0.6] * 20 + [0.9] * 6 + [0.6] * 3):
        step = advance(stream, sums(draw, rate), "watch", f"run-{place}", alarm)
        stream, alarm = [*stream, *step.cells], step.alarm
        alarms.append(alarm)
    assert not any(alarms[:20])
    assert alarms[24:] == [True] * 5


def test_a_change_of_one_category_alone_is_found() -> None:
    draw = np.random.default_rng(5)
    stream, alarm = baseline(draw, 7), False
    for place in range(9):
        changed = [row for row in sums(draw, 0.9) if row.category == "2"]
        run = [*(row for row in sums(draw, 0.6) if row.category == "1"), *changed]
        step = advance(stream, run, "watch", f"run-{place}", alarm)
        stream, alarm = [*stream, *step.cells], step.alarm
    assert alarm
    evidence = {cell.category: cell.e_value or 0.0 for cell in step.cells}
    assert evidence["2"] > 80 > evidence["1"]


def test_models_that_always_answer_alike_are_quiet() -> None:
    run = sums(np.random.default_rng(6), 0.6)
    stream, alarm = [*baseline_scores(run)], False
    for place in range(50):
        step = advance(stream, run, "watch", f"run-{place}", alarm)
        stream, alarm = [*stream, *step.cells], step.alarm
    assert not alarm
    found = [row.score for row in stream if row.score is not None and row.category == "1"]
    assert kstest(found, "uniform").pvalue > 0.001


def test_runs_that_lack_jobs_take_part_without_raising_an_alarm() -> None:
    draw = np.random.default_rng(7)
    alarm = False

    def run(lacking: int) -> list[LeakSum]:
        # The jobs that are left leak far more than those that are missing.
        rows = [replace(row, total=row.total / 2 if int(row.job_id[1:]) < 5 else row.total) for row in sums(draw, 0.6)]
        return [row for row in rows if int(row.job_id[1:]) >= lacking]

    stream = [score for _ in range(7) for score in baseline_scores(run(0))]
    for place in range(30):
        step = advance(stream, run(5), "watch", f"run-{place}", alarm)
        stream, alarm = [*stream, *step.cells], step.alarm
    assert not alarm


def test_the_same_run_in_the_same_stream_has_the_same_e_value() -> None:
    stream, run = baseline(np.random.default_rng(2), 2), sums(np.random.default_rng(3), 0.7)
    first, again, other = (advance(stream, run, "watch", name, alarm=False) for name in ("run-1", "run-1", "run-2"))
    assert first == again
    # Ties are broken by chance, which another run's name changes.
    assert [cell.score for cell in first.cells] != [cell.score for cell in other.cells]


def test_a_category_that_a_run_lacks_keeps_its_evidence_and_a_new_one_takes_no_part() -> None:
    draw = np.random.default_rng(4)
    stream = [CellScore("m", "1", {"j": 0.5}, None, None), CellScore("m", "1", {"j": 0.9}, 1.0, 40.0)]
    step = advance(stream, sums(draw, 0.5, ("new",)), "watch", "run", alarm=False)
    assert step == Step([], 40.0, alarm=True)


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
