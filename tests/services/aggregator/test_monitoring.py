"""A monitor's test, advanced run by run without a database."""

from dataclasses import replace

import numpy as np
import pytest

from services.aggregator.judging import LeakSum
from services.aggregator.monitoring import CellScore, Step, advance, baseline_scores, job_scores, unlike_baseline
from tests.services.aggregator.test_judging import SUMMARY

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


def test_scores_are_means_by_job_and_over_all_categories() -> None:
    rows = [
        LeakSum("j", "j", test, "m", category, n, total)
        for test, category, n, total in (
            ("a", "1", 2, 1.0),
            ("b", "1", 2, 2.0),
            ("c", "2", 4, 0.0),
        )
    ]
    assert job_scores(rows) == {("m", "1"): {"j": 0.75}, ("m", "2"): {"j": 0.0}, ("m", "all"): {"j": 0.375}}


def test_an_unchanged_stream_is_quiet_and_a_changed_one_alarms_for_good() -> None:
    draw = np.random.default_rng(1)
    stream, alarm = baseline(draw, 5), False
    alarms = []
    for place, rate in enumerate([0.6] * 20 + [0.9] * 5 + [0.6] * 3):
        step = advance(stream, sums(draw, rate), "watch", f"run-{place}", alarm)
        stream, alarm = [*stream, *step.cells], step.alarm
        alarms.append(alarm)
    assert not any(alarms[:20])
    assert alarms[22:] == [True] * 6


def test_the_same_run_in_the_same_stream_has_the_same_e_value() -> None:
    stream, run = baseline(np.random.default_rng(2), 2), sums(np.random.default_rng(3), 0.7)
    steps = {advance(stream, run, "watch", name, alarm=False).e_value for name in ("run-1", "run-1", "run-2")}
    assert len(steps) == 2  # ties are broken by chance, which another run's name changes


def test_a_category_that_a_run_lacks_keeps_its_evidence_and_a_new_one_takes_no_part() -> None:
    draw = np.random.default_rng(4)
    stream = [CellScore("m", "1", {"j": 0.5}, None, None), CellScore("m", "1", {"j": 0.9}, 1.0, 40.0)]
    step = advance(stream, sums(draw, 0.5, ("new",)), "watch", "run", alarm=False)
    assert step == Step([], 40.0, alarm=True)


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (SUMMARY, None),
        (replace(SUMMARY, provenance={**SUMMARY.provenance, "model": "new"}), None),
        (replace(SUMMARY, mixed=True), "its jobs differ in model, engine, decoding or scorer"),
        (replace(SUMMARY, state="cancelled"), "it was cancelled"),
        (replace(SUMMARY, suite_hash="h2", samples=5), "it differs from the baseline in suite_hash, samples"),
    ],
)
def test_only_runs_like_the_baseline_join_its_stream(run: object, why: str | None) -> None:
    assert unlike_baseline(run, SUMMARY) == why  # type: ignore[arg-type]
