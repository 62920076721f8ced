"""Differences of clusters by choice of their samples, from what is recorded of two runs."""

import numpy as np
import pytest

from results.comparison import LeakSum, compare
from results.sample_exchange import sample_differences
from results.statistics.paired import Cluster
from results.sums import SampleSums
from seep.settings.metrics import MEAN

JOBS, TESTS, SAMPLES = 20, 4, 5


def of_run(scores: np.ndarray, metric: str = "m") -> tuple[list[LeakSum], list[SampleSums]]:
    """A run's sums from its scores by job, test and sample; the first half of the tests is of category 1."""
    leaks, samples = [], []
    for job, of_job in enumerate(scores):
        for test, row in enumerate(of_job):
            category = "1" if test < TESTS / 2 else "2"
            leaks.append(LeakSum(f"j{job}", f"j{job}", f"t{test}", metric, category, len(row), float(row.sum())))
        for category, rows in (("1", of_job[: TESTS // 2]), ("2", of_job[TESTS // 2 :])):
            counts = [len(rows)] * rows.shape[1]
            totals = rows.sum(axis=0).tolist()
            samples.append(SampleSums("r", f"j{job}", metric, category, True, [*range(len(totals))], counts, totals))
    return leaks, samples


def drawn(seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).random((JOBS, TESTS, SAMPLES)) < 0.7).astype(float)


def test_the_observed_choice_is_the_difference_of_the_clusters_in_every_cell() -> None:
    (ours, our_samples), (theirs, their_samples) = of_run(drawn(1)), of_run(drawn(2))
    clusters = {
        ("m", category): {
            f"j{job}": Cluster.from_scores(
                [
                    [row.total / row.n for row in side if row.job_id == f"j{job}" and category in (row.category, "all")]
                    for side in (ours, theirs)
                ]
            )
            for job in range(JOBS)
        }
        for category in ("1", "2", "all")
    }
    found = sample_differences(clusters, [our_samples, their_samples], ["m"])
    for cell, of_cell in clusters.items():
        for job, cluster in of_cell.items():
            assert found[cell][job][0] == pytest.approx(cluster.differences[0])
            assert len(found[cell][job]) == 252


def test_a_jobs_categories_have_their_choices_together() -> None:
    clusters = {("m", name): {"j0": Cluster((1.0, 0.5), pairs, False)} for name, pairs in (("1", 2), ("2", 2))}
    both = {("m", "all"): {"j0": Cluster((2.0, 1.0), 4, False)}}
    samples = [of_run(drawn(seed)[:1])[1] for seed in (1, 2)]
    found = sample_differences(clusters | both, samples, ["m"])
    assert found["m", "all"]["j0"] == pytest.approx(found["m", "1"]["j0"] + found["m", "2"]["j0"])


def test_the_mean_of_the_metrics_is_exchanged_as_they_are() -> None:
    first, second = ([*of_run(drawn(seed)[:1])[1], *of_run(drawn(seed + 10)[:1], metric="n")[1]] for seed in (1, 2))
    clusters = {(metric, "1"): {"j0": Cluster((1.0, 0.5), 2, False)} for metric in ("m", "n", MEAN)}
    found = sample_differences(clusters, [first, second], ["m", "n"])
    mean = (found["m", "1"]["j0"] + found["n", "1"]["j0"]) / 2
    assert found[MEAN, "1"]["j0"] == pytest.approx(mean)


def test_a_change_in_few_jobs_is_found_by_samples_and_not_by_jobs() -> None:
    before, after = drawn(1), drawn(2)
    after[:2] = 0.0
    (ours, our_samples), (theirs, their_samples) = of_run(after), of_run(before)
    by_jobs = compare(ours, [theirs], ["1", "2"], 5.0)[-1]
    by_samples = compare(ours, [theirs], ["1", "2"], 5.0, [our_samples, their_samples])[-1]
    assert (by_jobs.category, by_jobs.exchanged, by_samples.exchanged) == ("all", "jobs", "samples")
    assert (by_samples.effect, by_samples.low, by_samples.high) == (by_jobs.effect, by_jobs.low, by_jobs.high)
    assert by_jobs.p is not None
    assert by_jobs.p > 0.05
    assert by_samples.adjusted_p is not None
    assert by_samples.adjusted_p < 0.05
    assert (by_jobs.verdict, by_samples.verdict) == ("inconclusive", "drift")


def test_an_unchanged_run_has_no_low_p() -> None:
    (ours, our_samples), (theirs, their_samples) = of_run(drawn(1)), of_run(drawn(2))
    cells = compare(ours, [theirs], ["1", "2"], 5.0, [our_samples, their_samples])
    assert min(cell.adjusted_p or 0.0 for cell in cells) > 0.05
