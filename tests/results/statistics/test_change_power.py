"""What two runs of one target show: promises by spread of the change, and for an unchanged target."""

from dataclasses import replace

import numpy as np
import pytest

from results.statistics import family
from results.statistics.change_power import SPREADS, Design, _variance_of_squares, found_of, ok_of, plan_change
from results.statistics.exchanges import choices_of, differences_by_choice
from results.statistics.level import LEVEL
from results.statistics.noise import Noise, noise_of_rate

JOBS = tuple(tuple(f"c{(4 * job + k) % 13}" for k in range(4)) for job in range(20))
DESIGN = Design(JOBS, 5)
NOISE = noise_of_rate(0.7, 0.1)


def test_a_change_in_few_jobs_shows_better_than_one_alike_everywhere() -> None:
    alike, jobs, concepts = (found_of(DESIGN, NOISE, spread, -0.1, 1, 0.05).p for spread in SPREADS)
    # Of simulated runs 69, 99 and 89 % were found.
    assert (alike, jobs, concepts) == pytest.approx((0.72, 0.99, 0.88), abs=0.06)


def test_no_change_is_found_in_no_more_than_one_of_twenty() -> None:
    assert 0.02 <= found_of(DESIGN, NOISE, "alike", 0.0, 1, 0.05).p <= 0.05


@pytest.mark.parametrize("samples", [2, 3, 5])
@pytest.mark.parametrize("between", [0.0, 0.2, 0.7, 1.0])
def test_how_squares_vary_over_all_choices_is_what_normal_samples_have(samples: int, between: float) -> None:
    draw = np.random.default_rng(4)
    [choices] = choices_of([samples], [2 * samples])
    varies = []
    for _ in range(400):
        within = draw.standard_normal((2, samples))
        within -= within.mean(axis=1, keepdims=True)
        within *= np.sqrt((1 - between) / (within**2).sum())
        scores = (within + np.sqrt(between / (2 * samples)) * np.array([[1], [-1]])).ravel()
        squares = differences_by_choice(scores[None], np.ones((1, 2 * samples)), choices)[0] ** 2
        varies.append(np.var(squares) / np.mean(squares) ** 2)
    of_formula = _variance_of_squares(np.array([between * (2 * samples - 1)]), samples)
    assert np.mean(varies) == pytest.approx(float(of_formula[0]), rel=0.05)


def test_two_samples_show_a_change_in_whole_jobs_as_often_as_is_found() -> None:
    # Of 400 simulated runs 45 % were found.
    assert found_of(replace(DESIGN, samples=2), NOISE, "jobs", -0.1, 1, 0.05).p == pytest.approx(0.45, abs=0.05)


def test_what_is_promised_is_found_by_the_test_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(family, "RANDOM_EXCHANGES", 499)
    draw = np.random.default_rng(3)
    noise = Noise(0.5, 0.25, 0.0, 0.0, 0.0)  # comparisons have nothing in common
    low = 0
    for _ in range(60):
        scores = draw.random((20, 10, 4)) < np.repeat([0.62, 0.5], 5)[:, None]
        totals = scores.sum(axis=2)
        choices = choices_of([5] * 20, [10] * 20)
        cell = {
            str(job): 4 * differences_by_choice(of_job[None], np.full((1, 10), 4.0), choices[job])[0]
            for job, of_job in enumerate(totals)
        }
        low += family.sample_ps([cell])[0][0] < LEVEL
    promised = found_of(DESIGN, noise, "alike", 0.12, 1, 0.05).p
    assert low / 60 == pytest.approx(promised, abs=0.15)


def test_drift_asks_for_the_smallest_change_that_matters_as_measured() -> None:
    many = DESIGN.with_jobs(200)
    found = found_of(many, NOISE, "alike", -0.05, 4, 0.05)
    assert found.p > 0.95
    assert found.drift == pytest.approx(0.5, abs=0.06)


def test_an_unchanged_target_is_called_ok_where_jobs_and_samples_are_many() -> None:
    shares = [ok_of(Design(JOBS[:1] * count, 5), NOISE, 0.05) for count in (1, 20, 62, 191)]
    assert shares[0] == 0
    assert shares == sorted(shares)
    # Of simulated runs of 62 jobs 73 % were.
    assert shares[2] == pytest.approx(0.72, abs=0.05)
    assert shares[3] > 0.97


def test_what_is_needed_has_the_wanted_power_and_one_less_has_not() -> None:
    plan = plan_change(DESIGN, NOISE, 0.05, 0.8, 4, 0.05)
    assert plan.needed["alike"].samples is not None
    assert plan.ok_needed.jobs is not None
    enough, too_few = (
        min(found_of(replace(DESIGN, samples=count), NOISE, "alike", change, 4, 0.05).p for change in (-0.05, 0.05))
        for count in (plan.needed["alike"].samples, plan.needed["alike"].samples - 1)
    )
    assert too_few < 0.8 <= enough
    assert ok_of(DESIGN.with_jobs(plan.ok_needed.jobs - 1), NOISE, 0.05) < 0.8
    assert ok_of(DESIGN.with_jobs(plan.ok_needed.jobs), NOISE, 0.05) >= 0.8


def test_what_is_beyond_reach_is_none() -> None:
    plan = plan_change(DESIGN, NOISE, 0.001, 0.95, 1, 0.001)
    assert plan.ok_needed.samples is None
    assert plan.needed["alike"].jobs is None


def test_one_sample_leaves_the_sum_alone() -> None:
    single = Design(JOBS * 3, 1)
    alike, jobs = (found_of(single, NOISE, spread, -0.1, 1, 0.05).p for spread in ("alike", "jobs"))
    assert jobs < alike


def test_a_rate_cannot_pass_its_ends() -> None:
    assert plan_change(DESIGN, noise_of_rate(0.9, 0.1), 0.2, 0.8, 1, 0.05).found["alike"].p > 0.9
    with pytest.raises(ValueError, match="a rate of 40 % cannot change by 70 points"):
        plan_change(DESIGN, noise_of_rate(0.4, 0.1), 0.7, 0.8, 1, 0.05)
    with pytest.raises(ValueError, match=r"a rate of <1 % cannot change by 99\.8 points"):
        plan_change(DESIGN, noise_of_rate(0.004, 0.1), 0.998, 0.8, 1, 0.05)
