"""Sums per test, cluster and sample, from one scored job."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from math import fsum

from hypothesis import given
from hypothesis import strategies as st

from results.job_sums import per_test_sums, sample_sums
from seep.outcomes import Outcome, outcome_series, single_outcomes
from seep.records import GeneratedJob, PromptTest, ScoredJob
from tests.builders import answers, prompt_job, with_outcomes
from tests.summaries import PerTestSum, single_sums, sums_per_cluster

Scored = Callable[..., ScoredJob]


def test_a_test_s_samples_are_summed_per_metric_and_measure(scored: Scored) -> None:
    sums = single_sums(scored("a", {"1": [1.0, 0.5, 0.0], "2": [0.5, 0.5, 1.0]}))
    of_outcomes = [row for row in sums if row.measure in ("leak", "tie", "echo")]
    assert len(of_outcomes) == 2 * 2 * 3
    assert PerTestSum("run-1", "a", "a", "t0", "yellow", "1", "bert_score", "leak", 3, 1.5) in sums
    assert PerTestSum("run-1", "a", "a", "t1", "yellow", "2", "sentence_bert", "tie", 3, 2.0) in sums


class Category(str):
    """A category that counts how often any is compared with another."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        Category.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_of_many_categories_none_is_compared_with_all_others(scored: Scored) -> None:
    job = scored("a", {str(n): [1.0] for n in range(500)}, metrics=["m"])
    counting = tuple(replace(series, category=Category(series.category)) for series in job.outcomes)
    Category.compared = 0
    per_test_sums(replace(job, outcomes=counting))
    assert Category.compared < 100 * 500


def test_where_the_sample_is_the_cluster_each_sample_has_its_own_sum(scored: Scored) -> None:
    sums = single_sums(scored("a", {"1": [1.0, 0.0]}, cluster="sample", metrics=["m"]))
    leaks = [(row.cluster, row.n, row.total) for row in sums if row.measure == "leak"]
    assert leaks == [("a/0", 1, 1.0), ("a/1", 1, 0.0)]


def test_nothing_but_its_loss_is_summed_of_a_lost_comparison(scored: Scored) -> None:
    rows = single_sums(scored("a", {"1": [1.0, "filtered", "filtered"]}, text="a red house", metrics=["m", "n"]))
    counts = {row.measure: (row.n, row.total) for row in rows if row.metric == "m"}
    assert counts == {
        "leak": (1, 1.0),
        "tie": (1, 0.0),
        "echo": (1, 0.0),
        "echo_free_leak": (1, 1.0),
        "agreement:n": (1, 1.0),
        "filtered": (2, 2.0),
        "distinct_1": (3, 3.0),
        "distinct_2": (2, 2.0),
    }


def sums_of(job: ScoredJob, measure: str) -> list[tuple[str, str, int, float]]:
    rows = [row for row in single_sums(job) if row.measure == measure]
    return [(row.metric, row.test, row.n, row.total) for row in rows]


def test_the_echo_free_leak_is_that_of_comparisons_known_to_hold_no_echo(scored: Scored) -> None:
    job = scored("a", {"1": [1.0, 0.5, 1.0]}, metrics=["m"])
    echoed = [
        replace(outcome, value=1.0) if (outcome.measure, outcome.sample) == ("echo", 0) else outcome
        for outcome in single_outcomes(job)
    ]
    unknown = [row for row in echoed if (row.measure, row.sample) != ("echo", 1)]
    assert sums_of(with_outcomes(job, unknown), "echo_free_leak") == [("m", "t0", 1, 1.0)]


def test_the_coreference_free_leak_leaves_out_what_only_goes_on_about_the_same_thing(scored: Scored) -> None:
    job = scored("a", {"1": [1.0, 0.5]}, metrics=["m"])
    kinds = [Outcome("m", "coreferent", "1", "t0", sample, value) for sample, value in enumerate((1.0, 0.0))]
    found = with_outcomes(job, [*single_outcomes(job), *kinds])
    assert sums_of(found, "coreference_free_leak") == [("m", "t0", 1, 0.5)]
    assert sums_of(job, "coreference_free_leak") == []


def test_two_metrics_agree_where_their_leak_scores_are_the_same(scored: Scored) -> None:
    job = scored("a", {"1": [1.0, 0.5, 0.0]}, metrics=["m", "n"])
    other = [
        replace(outcome, value=0.0) if (outcome.metric, outcome.measure) == ("n", "leak") else outcome
        for outcome in single_outcomes(job)
    ]
    job = with_outcomes(job, other)
    assert sums_of(job, "agreement:n") == [("m", "t0", 3, 1.0)]
    assert sums_of(job, "agreement:m") == [("n", "t0", 3, 1.0)]


def test_of_three_metrics_each_agrees_with_each_other_one(scored: Scored) -> None:
    measures = {(row.metric, row.measure) for row in single_sums(scored("a", {"1": [1.0]}, metrics=["m", "n", "o"]))}
    agreements = {(metric, measure) for metric, measure in measures if measure.startswith("agreement")}
    assert agreements == {(one, f"agreement:{other}") for one in "mno" for other in "mno" if one != other}
    alone = single_sums(scored("a", {"1": [1.0]}, metrics=["m"]))
    assert not any(row.measure.startswith("agreement") for row in alone)


def test_diversity_is_that_of_all_answers_of_a_job_in_a_category(scored: Scored) -> None:
    job = scored("a", {"1": [1.0, 1.0], "2": [1.0, 1.0]}, metrics=["m"])
    tests = answers("a red house", "a blue house"), answers("", "")
    job = replace(job, generated=replace(job.generated, tests=tests))
    # The answers of category 2 are empty: there is nothing to be varied.
    assert sums_of(job, "distinct_1") == [("m", "", 6, 4.0)]
    assert sums_of(job, "distinct_2") == [("m", "", 4, 4.0)]


def by_hand(job: ScoredJob) -> dict[tuple[str, ...], tuple[int, float]]:
    """What is summed, comparison by comparison, from the definitions; the order of additions is another one."""
    prompts = job.generated.job
    concepts = {test.id: test.concept for test in prompts.tests}
    found: defaultdict[tuple[str, int, str], dict[tuple[str, str], float]] = defaultdict(dict)
    for outcome in single_outcomes(job):
        found[outcome.test, outcome.sample, outcome.category][outcome.metric, outcome.measure] = outcome.value
    groups: defaultdict[tuple[str, ...], list[float]] = defaultdict(list)
    for (test, sample, category), values in reversed(found.items()):
        leaks = {metric: value for (metric, measure), value in values.items() if measure == "leak"}
        free = {
            (metric, f"{kind}_free_leak"): leak
            for metric, leak in leaks.items()
            for kind, known in (("echo", "echo"), ("coreference", "coreferent"))
            if values.get((metric, known)) == 0
        }
        agreed = {
            (one, f"agreement:{other}"): float(leaks[one] == leaks[other])
            for one in leaks
            for other in leaks
            if one != other
        }
        cluster = f"{prompts.job_id}/{sample}" if prompts.cluster == "sample" else prompts.job_id
        for (metric, measure), value in (values | free | agreed).items():
            groups[cluster, test, concepts[test], category, metric, measure].append(value)
    return {names: (len(values), fsum(values)) for names, values in groups.items()}


@st.composite
def scored_jobs(draw: st.DrawFn) -> ScoredJob:
    """Jobs of tests, samples and metrics, in which comparisons lack measures and count in several categories."""
    tests, samples = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    prompts = prompt_job(
        samples=samples,
        cluster=draw(st.sampled_from(["job", "sample"])),
        tests=tuple(PromptTest(f"t{n}", f"c{n % 2}", f"prompt {n}", "1") for n in range(tests)),
    )
    names = st.tuples(
        st.sampled_from(["m", "n", "o"]),
        st.sampled_from(["leak", "echo", "coreferent", "tie", "refused"]),
        st.sampled_from(["1", "2"]),
        st.integers(0, tests - 1),
        st.integers(0, samples - 1),
    )
    values = draw(st.dictionaries(names, st.sampled_from([0.0, 0.5, 1.0, 0.1, 1 / 3, 0.7]), min_size=1, max_size=40))
    outcomes = [
        Outcome(metric, measure, category, f"t{test}", sample, value)
        for (metric, measure, category, test, sample), value in values.items()
    ]
    said = tuple(answers(*(f"answer {n % 2}" for n in range(samples))) for _ in range(tests))
    generated = GeneratedJob(prompts, answers(*["c"] * samples), (), said)
    return ScoredJob(generated, outcome_series(outcomes, prompts), ())


@given(scored_jobs())
def test_sums_of_series_are_those_of_their_comparisons_to_the_last_digit(job: ScoredJob) -> None:
    rows = [row for row in single_sums(job) if not row.measure.startswith("distinct_")]
    found = {
        (row.cluster, row.test, row.concept, row.category, row.metric, row.measure): (row.n, row.total) for row in rows
    }
    assert len(found) == len(rows)
    assert found == by_hand(job)


@given(scored_jobs())
def test_sums_of_clusters_and_samples_are_those_of_their_tests(job: ScoredJob) -> None:
    tests: defaultdict[tuple[str, ...], list[PerTestSum]] = defaultdict(list)
    for row in single_sums(job):
        tests[row.cluster, row.category, row.metric, row.measure].append(row)
    assert {
        (row.cluster, row.category, row.metric, row.measure): (row.n, row.total)
        for row in sums_per_cluster(per_test_sums(job))
    } == {names: (sum(row.n for row in rows), fsum(row.total for row in rows)) for names, rows in tests.items()}
    leaks: defaultdict[tuple[str, str, int], list[float]] = defaultdict(list)
    for outcome in single_outcomes(job):
        if outcome.measure == "leak":
            leaks[outcome.metric, outcome.category, outcome.sample].append(outcome.value)
    kept = {
        (of_cell.metric, of_cell.category, sample): (n, total)
        for of_cell in sample_sums(job)
        for sample, n, total in zip(of_cell.samples, of_cell.sizes, of_cell.totals, strict=True)
    }
    by_sample = {} if job.generated.job.cluster == "sample" else leaks
    assert kept == {names: (len(values), fsum(values)) for names, values in by_sample.items()}
