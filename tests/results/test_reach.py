"""What the interval of a rate speaks of, from sums without a database."""

from dataclasses import replace

import pytest

from results.rates import RunFacts, leak_rates
from results.reach import interval_over, reaches
from results.statistics.two_way import over_concepts
from results.sums import ConceptSum
from seep.records import LeakRate
from tests.summaries import CategorySum, by_cell

JOBS, CONCEPTS = 12, 5
SUMS = [
    ConceptSum("m", category, f"{category}{job}", f"concept {concept}", 4, float((job + concept) % 3 + concept % 2))
    for category in ("1", "2")
    for job in range(JOBS)
    for concept in range(CONCEPTS)
]


def rates_of(sums: list[ConceptSum]) -> list[LeakRate]:
    """All categories, then `all`, then both pooled."""
    rows = [
        CategorySum(
            row.cluster,
            row.category,
            "m",
            "leak",
            sum(each.n for each in sums if each.cluster == row.cluster),
            sum(each.total for each in sums if each.cluster == row.cluster),
        )
        for row in {(each.cluster, each.category): each for each in sums}.values()
    ]
    return leak_rates(RunFacts("run-1", "colours", "stub", "semantic"), by_cell(rows), [("1", "2")])


def test_categories_all_and_pools_have_an_interval_for_other_concepts_too_and_it_is_the_wider_one() -> None:
    found = rates_of(SUMS)
    assert [rate.category for rate in found] == ["1", "2", "all", "1+2"]
    for rate, reach in zip(found, reaches(found, SUMS), strict=True):
        assert reach is not None
        assert reach.concepts == CONCEPTS
        assert None not in (reach.low, reach.high, rate.low, rate.high)
        assert (reach.low or 0) <= (rate.low or 0) < (rate.high or 0) <= (reach.high or 0)
        assert interval_over(reach) == "prompts like these, of these 5 concepts"
    _, _, of_all, of_pool = reaches(found, SUMS)
    assert of_all == of_pool


def test_a_category_has_the_interval_of_its_own_sums() -> None:
    found = rates_of(SUMS)
    first, *_ = reaches(found, SUMS)
    own = over_concepts([(row.cluster, row.concept, row.total, row.n) for row in SUMS if row.category == "1"])
    assert first is not None
    assert own is not None
    assert (first.low, first.high) == pytest.approx(
        (min(own[0], found[0].low or 0), max(own[1], found[0].high or 0)), abs=1e-12
    )


def test_concepts_of_one_job_each_leave_the_interval_as_it_is() -> None:
    own = [row._replace(concept=f"{row.concept} of {row.cluster}") for row in SUMS]
    found = rates_of(own)
    assert reaches(found, own) == [None] * len(found)
    assert interval_over(None) == "prompts like these"
    assert interval_over(None, "sample") == "these very prompts"


def test_four_concepts_are_named_and_say_nothing_of_others() -> None:
    few = [row for row in SUMS if row.concept != "concept 0"]
    reach = reaches(rates_of(few), few)[0]
    assert reach is not None
    assert (reach.concepts, reach.low, reach.high) == (4, None, None)


def test_what_was_not_measured_has_no_interval() -> None:
    nothing = replace(rates_of(SUMS)[0], rate=None, low=None, high=None)
    assert reaches([nothing], SUMS) == [None]
