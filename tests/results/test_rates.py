"""Rates from sums, without a database."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results import rates
from results.rates import RunFacts, leak_rates_by_concept, missing_comparisons, with_missing
from results.sums import CellSums
from seep.answers import LOST
from seep.errors import InputError
from seep.records import LeakRate
from tests.summaries import CategorySum, by_cell

FACTS = RunFacts("run-1", "colours", "stub", "semantic", expected_comparisons={"1": 6, "2": 4})
SUMS = [
    CategorySum("a", "1", "m", "leak", 2, 2.0),
    CategorySum("a", "2", "m", "leak", 1, 0.5),
    CategorySum("b", "1", "m", "leak", 2, 1.0),
    CategorySum("a", "1", "m", "tie", 2, 0.0),
    CategorySum("a", "2", "m", "tie", 1, 1.0),
    CategorySum("b", "1", "m", "tie", 2, 2.0),
    CategorySum("b", "1", "m", "echo", 2, 1.0),
]


def leak_rates(facts: RunFacts, sums: Iterable[CategorySum], pools: Sequence[Sequence[str]] = ()) -> list[LeakRate]:
    return rates.leak_rates(facts, by_cell(sums), pools)


def test_every_category_and_the_whole_suite_have_a_rate() -> None:
    found = [
        (rate.category, rate.rate, rate.comparisons, rate.clusters, rate.ties, rate.echoes, rate.missing)
        for rate in leak_rates(FACTS, SUMS)
    ]
    assert found == [("1", 75.0, 4, 2, 2, 1, 2), ("2", 50.0, 1, 1, 1, 0, 3), ("all", 70.0, 5, 2, 3, 1, 5)]


@pytest.mark.parametrize(
    ("provenances", "against"),
    [
        ([{"against": "neutral"}], "neutral"),
        ([{"against": "control", "model": "m"}, {"against": "control"}], "control"),
        ([{"against": "neutral"}, {"against": "control"}], "both"),
        ([{"model": "m"}], ""),
        ([{"against": "He likes yellow"}], ""),
    ],
)
def test_a_rate_says_what_the_tests_were_compared_with(provenances: list[dict[str, str]], against: str) -> None:
    found = leak_rates(replace(FACTS, provenances=provenances), SUMS)
    assert {rate.against for rate in found} == {against}


def test_what_a_concept_adds_to_any_insertion_stands_beside_the_rate() -> None:
    placebo = [CategorySum("a", "1", "m", "placebo", 2, 1.0), CategorySum("b", "1", "m", "placebo", 2, 1.0)]
    first, second, both = leak_rates(FACTS, [*SUMS, *placebo])
    assert first.above_placebo is not None
    assert (first.above_placebo.share, first.above_placebo.n) == (25, 4)
    assert second.above_placebo is None
    assert both.above_placebo is not None
    assert leak_rates(FACTS, SUMS)[0].above_placebo is None


def test_what_is_missing_may_leak_wholly_or_not_at_all() -> None:
    first, second, _ = leak_rates(FACTS, SUMS)
    assert first.low is not None
    assert first.high is not None
    # Four of six comparisons are there.
    assert with_missing(first) == pytest.approx((first.low * 4 / 6, first.high * 4 / 6 + 100 * 2 / 6))
    bounds = with_missing(second)
    assert bounds is not None
    assert bounds[1] - bounds[0] > 75
    whole, *_ = leak_rates(replace(FACTS, expected_comparisons={"1": 4}), SUMS)
    assert with_missing(whole) is None


def test_all_that_was_measured_stands_beside_the_rate_with_an_interval() -> None:
    first, second, _ = leak_rates(FACTS, SUMS)
    found = {name: measure for name, measure in first.measures.items() if name not in LOST}
    assert {name: (measure.share, measure.n) for name, measure in found.items()} == {"tie": (50, 4), "echo": (50, 2)}
    assert all(measure.low < measure.share < measure.high for measure in found.values())
    # No echo was looked for in category 2.
    assert list(second.measures) == sorted(["tie", *LOST])


def test_kappa_is_the_agreement_of_two_metrics_beyond_chance() -> None:
    # Of 10 comparisons one metric says 1 of 6 and 0 of 4, the other 1 of 5 and 0 of 5; they agree on 9.
    both = [
        CategorySum("a", "1", metric, measure, 10, total)
        for metric, leak in (("m", 6.0), ("n", 5.0))
        for measure, total in (("leak", leak), ("tie", 0.0), (f"agreement:{'n' if metric == 'm' else 'm'}", 9.0))
    ]
    kappas = {rate.metric: rate.kappa for rate in leak_rates(FACTS, both) if rate.category == "1"}
    assert kappas == {"m": {"n": pytest.approx(0.8)}, "n": {"m": pytest.approx(0.8)}}
    assert [rate.kappa for rate in leak_rates(FACTS, SUMS) if rate.kappa] == []


def test_each_pair_of_three_metrics_has_a_kappa_of_its_own() -> None:
    # They say 1 of all 4, of 2 and of 2; the first agrees with either of the others on 2, these on all.
    leaks, agreed = {"m": 4.0, "n": 2.0, "o": 2.0}, {("m", "n"): 2.0, ("m", "o"): 2.0, ("n", "o"): 4.0}
    sums = [CategorySum("a", "1", metric, "leak", 4, leak) for metric, leak in leaks.items()]
    sums += [CategorySum("a", "1", metric, "tie", 4, 0.0) for metric in leaks]
    for (one, other), n in agreed.items():
        sums.append(CategorySum("a", "1", one, f"agreement:{other}", 4, n))
        sums.append(CategorySum("a", "1", other, f"agreement:{one}", 4, n))
    kappas = {rate.metric: rate.kappa for rate in leak_rates(FACTS, sums) if rate.category == "1"}
    assert kappas == {"m": {"n": 0, "o": 0}, "n": {"m": 0, "o": 1}, "o": {"m": 0, "n": 1}}


def test_kappa_needs_both_metrics_on_the_same_comparisons() -> None:
    some = [
        CategorySum("a", "1", metric, measure, n, 1.0)
        for metric, n in (("m", 3), ("n", 2))
        for measure in ("leak", "tie")
    ]
    agreed = [CategorySum("a", "1", one, f"agreement:{other}", 2, 1.0) for one, other in ("mn", "nm")]
    assert [rate.kappa for rate in leak_rates(FACTS, [*some, *agreed]) if rate.kappa] == []


def test_a_rate_names_its_run() -> None:
    rate = leak_rates(FACTS, SUMS)[0]
    named = (rate.run_id, rate.suite, rate.target, rate.probe, rate.metric)
    assert named == ("run-1", "colours", "stub", "semantic", "m")


def test_a_pool_counts_a_cluster_of_two_categories_once() -> None:
    pooled = leak_rates(FACTS, SUMS, pools=[["1", "2"]])[-1]
    assert (pooled.category, pooled.rate, pooled.clusters, pooled.missing) == ("1+2", 70.0, 2, 5)


def test_a_pool_of_an_unknown_category_is_refused() -> None:
    with pytest.raises(InputError, match="pool: run run-1 has no category '9'; it has 1, 2"):
        leak_rates(FACTS, SUMS, pools=[["1", "9"]])


def test_a_category_without_comparisons_is_not_measured() -> None:
    first = leak_rates(FACTS, [CategorySum("a", "2", "m", "leak", 1, 1.0)])[0]
    assert (first.category, first.rate, first.low, first.high, first.comparisons) == ("1", None, None, None, 0)
    assert first.missing == 6


def test_a_suite_of_one_category_has_the_row_for_all() -> None:
    facts = RunFacts("run-1", "colours", "stub", "semantic", expected_comparisons={"x": 1})
    assert [rate.category for rate in leak_rates(facts, [CategorySum("a", "x", "m", "leak", 1, 1.0)])] == ["x", "all"]


def test_metrics_are_counted_apart() -> None:
    sums = [*SUMS, CategorySum("a", "1", "another", "leak", 2, 0.0)]
    found = {(rate.metric, rate.category): (rate.rate, rate.missing) for rate in leak_rates(FACTS, sums)}
    assert found["another", "all"] == (0.0, 8)
    assert found["m", "all"] == (70.0, 5)


def test_where_nothing_is_recorded_all_is_missing_and_no_metric_is_known() -> None:
    assert missing_comparisons(FACTS.expected_comparisons, []) == 10
    assert leak_rates(FACTS, []) == []


def test_of_a_run_so_many_comparisons_are_missing_as_under_the_metric_that_lacks_most() -> None:
    assert missing_comparisons(FACTS.expected_comparisons, [{"1": 6, "2": 4}, {"1": 2, "surprise": 9}]) == 8


def test_comparisons_that_nobody_expected_do_not_make_up_for_missing_ones() -> None:
    sums = [CategorySum("a", "1", "m", "leak", 1, 1.0), CategorySum("a", "surprise", "m", "leak", 9, 9.0)]
    assert {rate.category: rate.missing for rate in leak_rates(FACTS, sums)} == {
        "1": 5,
        "2": 4,
        "surprise": 0,
        "all": 9,
    }


def test_before_the_manifest_nothing_is_missing() -> None:
    assert {rate.missing for rate in leak_rates(RunFacts("run-1", "", "", ""), SUMS)} == {0}


def test_concepts_stand_where_categories_stand() -> None:
    sums = [
        CellSums("yellow", "m", "leak", ["a", "b"], [2, 1], [2.0, 1.0]),
        CellSums("red", "m", "leak", ["a", "b"], [2, 2], [0.5, 1.5]),
        CellSums("red", "m", "tie", ["a", "b"], [2, 2], [1.0, 0.0]),
    ]
    found = [
        (rate.category, rate.rate, rate.comparisons, rate.clusters, rate.ties, rate.missing)
        for rate in leak_rates_by_concept(FACTS, sums)
    ]
    assert found == [("red", 50.0, 4, 2, 1, 0), ("yellow", 100.0, 3, 2, 0, 0)]


def test_jobs_that_differ_in_provenance_make_a_mixed_run_that_shows_what_they_share() -> None:
    provenances = [{"engine": "vllm", "model": "a"}, {"engine": "vllm", "model": "b"}, {"engine": "vllm"}]
    rate = leak_rates(RunFacts("run-1", "", "", "", provenances=provenances), SUMS)[0]
    assert rate.mixed
    assert rate.provenance == {"engine": "vllm"}
    alike = leak_rates(RunFacts("run-1", "", "", "", provenances=provenances[:1]), SUMS)[0]
    assert not alike.mixed
    assert alike.provenance == provenances[0]


# 0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1.
THIRDS = {"1": 0.1, "2": 0.2, "3": 0.3}


@given(st.permutations(SUMS + [CategorySum("c", cell, "m", "leak", 3, third) for cell, third in THIRDS.items()]))
def test_the_order_of_sums_changes_nothing(sums: list[CategorySum]) -> None:
    assert leak_rates(FACTS, sums) == leak_rates(FACTS, sorted(sums, key=repr))


SPILL = RunFacts("run-1", "s", "t", "language", shared=[frozenset({"es>es", "es>it"}), frozenset({"de>de", "de>it"})])
SPILLED = [
    CategorySum("a", cell, "m", "leak", 2, total)
    for cell, total in {"es>es": 1.0, "es>it": 1.0, "de>de": 2.0, "de>it": 0.0}.items()
]


def test_where_a_comparison_counts_in_several_categories_there_is_no_rate_of_all() -> None:
    assert [rate.category for rate in leak_rates(SPILL, SPILLED)] == ["de>de", "de>it", "es>es", "es>it"]


def test_categories_that_count_other_comparisons_can_be_pooled_all_the_same() -> None:
    pooled = leak_rates(SPILL, SPILLED, pools=[["es>it", "de>it"]])[-1]
    assert (pooled.category, pooled.rate, pooled.comparisons) == ("es>it+de>it", 25.0, 4)


def test_a_pool_of_categories_that_count_the_same_comparisons_is_refused() -> None:
    with pytest.raises(InputError, match="pool: es>es and es>it count the same comparisons: their mean is no rate"):
        leak_rates(SPILL, SPILLED, pools=[["es>es", "es>it", "de>it"]])


def test_by_concept_is_refused_where_a_comparison_counts_in_several_categories() -> None:
    with pytest.raises(InputError, match="--by concept: run run-1 counts a comparison in several categories"):
        leak_rates_by_concept(SPILL, [CellSums("yellow", "m", "leak", ["a"], [2], [1.0])])
