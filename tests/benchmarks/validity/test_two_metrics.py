"""Verdicts of two metrics together, on made-up answers."""

import numpy as np
import pytest

from benchmarks.validity.answers import Answered
from benchmarks.validity.exchanging import CONCEPTS, METRICS
from benchmarks.validity.two_metrics import Shape, verdicts
from results.statistics import family, paired


@pytest.mark.parametrize("one", [False, True])
def test_a_large_change_everywhere_or_in_one_category_is_drift_and_none_is_not(
    one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (family, paired):
        monkeypatch.setattr(module, "RANDOM_EXCHANGES", 199)
    draw = np.random.default_rng(0)
    answers = draw.random((12, CONCEPTS, 5, 5))
    concepts = [f"c{k}" for k in range(CONCEPTS)]
    jobs = {
        metric: [
            Answered((of_job + 0.2 * draw.random(of_job.shape) > 0.4).astype(float), ["1"] * CONCEPTS, concepts)
            for of_job in answers
        ]
        for metric in METRICS
    }
    shape = Shape(categories=2, jobs=10, tests=3)
    assert verdicts(jobs, shape, -0.4, one, repeats=3) == {"drift": 3}
    assert verdicts(jobs, shape, 0.0, one, repeats=3)["drift"] == 0
