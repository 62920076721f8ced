"""Shares of lost comparisons: of all comparisons, beside a rate that has nothing of them."""

from dataclasses import replace

from results.job_sums import per_test_sums
from results.losses import with_loss_shares
from results.rates import RunFacts, leak_rates, leak_rates_by_concept
from seep.answers import LOST, TRUNCATED, Lost
from seep.records import Cluster, LeakRate
from tests.builders import scored_job
from tests.summaries import CategorySum, by_cell, single_sums, sums_per_cluster

Jobs = dict[str, dict[str, list[float | Lost]]]


def rates(jobs: Jobs, expected: int = 6, cluster: Cluster = "job") -> dict[str, LeakRate]:
    """By category, under the one metric."""
    scored = [scored_job(name, leaks, metrics=["m"], cluster=cluster) for name, leaks in jobs.items()]
    sums = [row for job in scored for row in sums_per_cluster(per_test_sums(job))]
    facts = RunFacts("run-1", "colours", "stub", "semantic", {"1": expected})
    return {rate.category: rate for rate in leak_rates(facts, by_cell(sums))}


def test_a_third_lost_is_a_share_of_all_and_no_part_of_the_rate() -> None:
    rate = rates({"a": {"1": [1.0, "filtered"]}, "b": {"1": [0.0, 1.0]}, "c": {"1": ["filtered", 1.0]}})["1"]
    assert (rate.rate, rate.comparisons, rate.clusters, rate.missing) == (75.0, 4, 3, 2)
    filtered = rate.measures["filtered"]
    assert (round(filtered.share, 6), filtered.n) == (33.333333, 6)
    assert 0 < filtered.low < filtered.share < filtered.high < 100
    others = {reason: rate.measures[reason] for reason in LOST if reason != "filtered"}
    assert {(share.share, share.low, share.n) for share in others.values()} == {(0.0, 0.0, 6)}
    assert all(share.high > 0 for share in others.values())


def test_a_run_of_which_all_is_lost_has_shares_and_no_rate() -> None:
    rate = rates({"a": {"1": ["refused", "filtered"]}, "b": {"1": ["refused", "refused"]}}, expected=4)["all"]
    assert (rate.rate, rate.low, rate.high) == (None, None, None)
    assert (rate.comparisons, rate.clusters, rate.missing) == (0, 0, 4)
    assert {name: share.share for name, share in rate.measures.items()} == {
        "filtered": 25.0,
        "refused": 75.0,
        "unanswered": 0.0,
        "unfinished": 0.0,
        "unparsed": 0.0,
    }


def test_a_job_that_lost_all_its_answers_is_a_cluster_of_the_shares_alone() -> None:
    rate = rates({"a": {"1": ["refused"]}, "b": {"1": [1.0]}, "c": {"1": [0.0]}}, expected=3)["1"]
    assert (rate.clusters, rate.comparisons, rate.measures["refused"].n) == (2, 2, 3)


def test_samples_that_are_clusters_are_lost_one_by_one() -> None:
    rate = rates({"a": {"1": ["refused", 1.0, 0.0, 1.0]}}, expected=4, cluster="sample")["1"]
    assert (rate.clusters, rate.comparisons, rate.measures["refused"].share) == (3, 3, 25.0)


def test_over_all_categories_the_shares_are_those_of_all_comparisons() -> None:
    found = rates({"a": {"1": [1.0], "2": ["filtered"]}, "b": {"1": [1.0], "2": [0.0]}})
    assert {category: rate.measures["filtered"].share for category, rate in found.items()} == {
        "1": 0.0,
        "2": 50.0,
        "all": 25.0,
    }


def test_a_concept_has_its_shares_too() -> None:
    job = scored_job("a", {"1": [1.0, "filtered"]}, metrics=["m"])
    sums = [
        CategorySum(row.cluster, row.concept, row.metric, row.measure, row.n, row.total)
        for row in single_sums(job)
        if row.test
    ]
    [rate] = leak_rates_by_concept(RunFacts("run-1", "colours", "stub", "semantic"), by_cell(sums))
    assert (rate.category, rate.measures["filtered"].share) == ("yellow", 50.0)


def test_without_losses_all_other_sums_are_as_they_were() -> None:
    sums = by_cell(sums_per_cluster(per_test_sums(scored_job("a", {"1": [1.0, 0.5]}))))
    assert [row for row in with_loss_shares(sums) if row.measure not in LOST] == sums


def test_truncated_texts_are_a_share_of_the_scored_comparisons_in_every_category_of_their_metric() -> None:
    jobs: Jobs = {"a": {"1": [1.0, 0.0], "2": [1.0]}, "b": {"1": [1.0, "filtered"], "2": [0.0]}}
    scored = [scored_job(name, leaks, metrics=["cut", "whole"]) for name, leaks in jobs.items()]
    sums = by_cell(row for job in scored for row in sums_per_cluster(per_test_sums(job)))
    [leak] = [row for row in sums if (row.cell, row.metric, row.measure) == ("1", "cut", "leak")]
    at = leak.clusters.index("a")
    cut = replace(leak, measure=TRUNCATED, clusters=["a"], sizes=[1], totals=[1.0])
    found = leak_rates(RunFacts("run-1", "colours", "stub", "semantic"), [*sums, cut])
    shares = {(rate.metric, rate.category): rate.measures.get(TRUNCATED) for rate in found}
    assert leak.sizes[at] == 2
    assert {key: round(share.share, 4) for key, share in shares.items() if share} == {
        ("cut", "1"): 33.3333,
        ("cut", "2"): 0.0,
        ("cut", "all"): 20.0,
    }
    assert all(share is None for (metric, _), share in shares.items() if metric == "whole")
