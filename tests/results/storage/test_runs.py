"""What is recorded on a real PostgreSQL comes back as rates, runs and comparisons."""

from collections.abc import Callable
from dataclasses import astuple, replace

import pytest

from results.job_sums import per_test_sums
from results.rates import ALL, RunFacts, leak_rates
from results.sums import DISTINCT, Comparison, Place
from seep.errors import InputError
from seep.outcomes import Outcome
from seep.records import Answer, GeneratedJob, RunManifest, ScoredJob
from tests.builders import answers, with_outcomes
from tests.stored import Stored
from tests.summaries import by_cell, figures, state, sums_per_cluster

Scored = Callable[..., ScoredJob]
Manifest = Callable[..., RunManifest]
METRICS = ("bert_score", "sentence_bert")


def test_rates_of_a_recorded_run_are_those_of_its_sums(store: Stored, scored: Scored, manifest: Manifest) -> None:
    jobs = [scored(name, {"1": [1.0, 0.5], "2": [third, 0.0]}) for name, third in (("a", 0.1), ("b", 0.2), ("c", 0.3))]
    expected = manifest(4, {"1": 8, "2": 8}, samples=2)
    store.record(jobs, [], [expected])
    provenances = [{"model": "m", "embedder": "e"}]
    facts = RunFacts("run-1", "colours", "stub", "semantic", expected.expected_comparisons, provenances)
    sums = [row for job in jobs for row in sums_per_cluster(per_test_sums(job))]
    of_sums = leak_rates(facts, by_cell(sums), [["1", "2"]])
    assert store.rates("run-1") == [rate for rate in of_sums if rate.category != "1+2"]
    assert store.rates("run-1", pools=[["1", "2"]])[-2:] == [rate for rate in of_sums if rate.category == "1+2"]
    assert {rate.metric for rate in store.rates("run-1")} == {"bert_score", "sentence_bert"}


def test_the_rate_of_a_concept_that_all_tests_share_is_the_rate_of_all(
    store: Stored, scored: Scored, manifest: Manifest
) -> None:
    jobs = [scored(name, {"1": [1.0, 0.5], "2": [third, 0.0]}) for name, third in (("a", 0.1), ("b", 0.2), ("c", 0.3))]
    store.record(jobs, [], [manifest(3, {"1": 6, "2": 6}, samples=2)])
    of_all = [rate for rate in store.rates("run-1") if rate.category == ALL]
    for by_concept, whole in zip(store.rates_by_concept("run-1"), of_all, strict=True):
        assert by_concept.category == "yellow"
        assert (by_concept.rate, by_concept.low, by_concept.high) == pytest.approx((whole.rate, whole.low, whole.high))
        assert (by_concept.comparisons, by_concept.clusters) == (whole.comparisons, whole.clusters)
        # Nothing of a whole job, like the share of different words, belongs to a concept.
        assert by_concept.measures.keys() == whole.measures.keys() - set(DISTINCT)


def test_the_order_of_tests_changes_no_digit_of_a_concepts_rate(store: Stored, scored: Scored) -> None:
    # 0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1.
    leaks = {"1": [0.1], "2": [0.2], "3": [0.3]}
    store.record([scored("a", leaks), scored("a", dict(reversed(leaks.items())), run_id="run-2")], [], [])
    first, second = (
        [(rate.rate, rate.low, rate.high) for rate in store.rates_by_concept(run)] for run in ("run-1", "run-2")
    )
    assert first == second


def test_a_run_without_progress_is_stalled(dsn: str, scored: Scored) -> None:
    with Stored(dsn, stalled_after_seconds=0.0) as impatient:
        impatient.record([scored("a", {"1": [1.0]})], [], [])
        assert state(impatient) == "stalled"


def test_an_unknown_run_has_nothing(store: Stored) -> None:
    assert store.run("nothing") is None
    assert store.rates("nothing") == store.rates_by_concept("nothing") == []
    assert store.comparisons("nothing") == []


def test_an_unknown_category_in_a_pool_is_refused(store: Stored, scored: Scored) -> None:
    store.record([scored("a", {"1": [1.0]})], [], [])
    with pytest.raises(InputError, match="no category '7'"):
        store.rates("run-1", pools=[["1", "7"]])


def test_runs_are_listed_newest_first(store: Stored, scored: Scored, manifest: Manifest) -> None:
    for run in ("old", "middle", "new"):
        store.record([scored("a", {"1": [1.0]}, run_id=run)], [], [manifest(1, {"1": 1}, run_id=run)])
    listed = [(summary.run_id, summary.state, summary.recorded, summary.missing) for summary in store.runs(2)]
    assert listed == [("new", "complete", 1, 0), ("middle", "complete", 1, 0)]


def test_a_run_all_of_whose_jobs_were_answered_by_the_same_two_models_is_mixed(store: Stored, scored: Scored) -> None:
    provenance = {"answered_by": "m-1 | m-2", "mixed": "answered_by"}
    store.record([scored(job, {"1": [1.0]}, provenance=provenance) for job in ("a", "b")], [], [])
    summary = store.run("run-1")
    assert summary is not None
    assert summary.mixed
    assert store.rates("run-1")[0].mixed
    assert summary.provenance["answered_by"] == "m-1 | m-2"


def test_a_run_whose_jobs_differ_in_provenance_is_mixed(store: Stored, scored: Scored) -> None:
    store.record([scored("a", {"1": [1.0]}, provenance={"model": "m", "engine": "1"})], [], [])
    assert not store.rates("run-1")[0].mixed
    store.record([scored("b", {"1": [1.0]}, provenance={"model": "m", "engine": "2"})], [], [])
    rate = store.rates("run-1")[0]
    assert rate.mixed
    assert rate.provenance == {"model": "m", "embedder": "e"}
    summary = store.run("run-1")
    assert summary is not None
    assert summary.mixed


def test_where_the_sample_is_the_cluster_samples_are_counted(store: Stored, scored: Scored) -> None:
    store.record([scored("a", {"1": [1.0, 0.0, 0.5], "2": [1.0, 0.0, 0.5]}, cluster="sample")], [], [])
    assert figures(store.rates("run-1"))["all"] == (50.0, 6, 3, 0)


def test_comparisons_are_found_by_category_metric_and_outcome(store: Stored, scored: Scored) -> None:
    job = scored("a", {"1": [1.0, 0.5], "2": [0.0, 1.0]}, metrics=["m"])
    other = scored("a", {"1": [0.0, 0.0], "2": [0.5, 0.0]}, metrics=["other"])
    store.record([replace(job, outcomes=job.outcomes + other.outcomes)], [], [])

    def found(**filters: object) -> list[tuple[str, int]]:
        return [(found.category, found.sample) for found in store.comparisons("run-1", **filters)]

    assert found() == [("1", 0), ("2", 0), ("1", 1), ("2", 1)]
    assert found(limit=1) == [("1", 0)]
    assert found(category="2") == [("2", 0), ("2", 1)]
    assert found(only="leaks") == found(only="leaks", metric="m") == [("1", 0), ("2", 1)]
    assert found(only="ties") == [("2", 0), ("1", 1)]
    assert found(only="ties", metric="other") == [("2", 0)]
    assert found(metric="absent") == []


@pytest.mark.parametrize("filters", [{}, {"test": "t0"}, {"job": "b"}, {"category": "2"}, {"text": "prompt 1"}])
def test_pages_of_comparisons_follow_each_other_sample_by_sample(
    store: Stored, scored: Scored, filters: dict[str, str]
) -> None:
    leaks = {"1": [1.0, "refused", 0.0], "2": [0.0, 1.0, 0.5]}
    store.record([scored(job, leaks, metrics=["m"]) for job in "ab"], [], [])
    whole = store.comparisons("run-1", limit=50, **filters)
    places = [Place(each.sample, each.job_id, each.test, each.category) for each in whole]
    assert places == sorted(places, key=astuple)
    assert len(whole) == 12 if not filters else 6
    pages: list[Comparison] = []
    while found := store.comparisons("run-1", limit=2, after=places[len(pages) - 1] if pages else None, **filters):
        pages += found
    assert pages == whole


def test_a_comparison_comes_back_as_it_was_scored(store: Stored, scored: Scored) -> None:
    job = scored("a", {"1": [0.5]}, metrics=["m"])
    tests = (Answer("of the test", "length", "a thought", "m-1"),)
    generated: GeneratedJob = replace(job.generated, control=answers("of the control"), tests=(tests,))
    store.record([replace(job, generated=generated)], [], [])
    [found] = store.comparisons("run-1")
    assert (found.prompt, found.generation) == ("yellow prompt 0", "of the test")
    assert (found.control_prompt, found.control_generation) == ("a control", "of the control")
    assert (found.ended, found.reasoning, found.model) == ("length", "a thought", "m-1")
    assert (found.control_ended, found.control_reasoning, found.control_model) == ("stop", "", "")
    assert found.outcomes == {"m": {"leak": 0.5, "tie": 1.0, "echo": 0.0}}
    assert found.similarities == {"m": [0.75, 0.25, None]}


def test_a_run_knows_which_categories_count_the_same_comparisons(store: Stored, scored: Scored) -> None:
    job = scored("a", {"1": [1.0]}, metrics=["m"])
    cells = {"es>it": 1.0, "es>fr": 0.0}
    spilled = with_outcomes(job, [Outcome("m", "leak", cell, "t0", 0, leak) for cell, leak in cells.items()])
    store.record([spilled], [], [])
    assert [rate.category for rate in store.rates("run-1")] == ["es>fr", "es>it"]
    with pytest.raises(InputError, match="count the same comparisons"):
        store.rates("run-1", pools=[["es>it", "es>fr"]])
