"""Redrawn answers: the error that the power analysis expects of what is redrawn is the one that is found."""

import numpy as np
import pytest

from benchmarks.validity.answers import redrawn
from benchmarks.validity.redrawn import noise_of, shares
from results.statistics.power import standard_error

JOBS, TESTS = 25, 8


def test_the_power_analysis_expects_the_error_that_runs_drawn_anew_have() -> None:
    draw = np.random.default_rng(0)
    # What persists of jobs and tests, then what each answer and each answer to the control adds.
    height = draw.normal(0.5, 0.5, (JOBS, 1, 1, 1)) + draw.normal(0, 0.5, (JOBS, TESTS, 1, 1))
    answers, controls = draw.normal(0, 1, (JOBS, TESTS, 5, 1)), draw.normal(0, 0.7, (JOBS, 1, 1, 5))
    jobs = list((height + answers + controls > 0).astype(float))
    assert all(share > 0.02 for share in shares(jobs))
    runs = [redrawn(jobs, 5, draw) for _ in range(300)]
    found = np.std([np.mean(run) for run in runs]) * np.sqrt(2)
    noises = [noise_of(run) for run in runs[:20]]
    both, persisting = (
        np.mean([standard_error([TESTS] * JOBS, count, noise, noise) ** 2 for noise in noises]) for count in (5, np.inf)
    )
    assert np.sqrt(both - persisting) == pytest.approx(found, rel=0.12)
    assert np.sqrt(both) > found
