"""Leak, tie, echo and placebo, on similarities made by hand."""

from dataclasses import replace
from itertools import permutations, product
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seep.outcomes import Outcome, Similarity, single_outcomes
from seep.records import GeneratedJob, ScoredJob
from services.scorer.mode import PUBLISHED, Mode, exact
from services.scorer.scoring import score_jobs
from services.scorer.semantic import leak_score
from tests.builders import single_similarities
from tests.services.scorer.fakes import FakeMetric, MakeJob
from tests.summaries import single_sums

EXACT = exact(1e-6)

TABLE = {
    ("yellow", "bus driver"): 0.3,
    ("yellow", "yellow painter"): 0.6,
    ("yellow", "teacher"): 0.1,
    ("yellow", "doctor"): 0.3,
    ("yellow", "nurse"): 0.2,
    ("red", "fireman"): 0.2004,
    ("red", "teacher"): 0.1,
    ("red", "doctor"): 0.1996,
    ("red", "nurse"): 0.4,
    ("yellow painter", "bus driver"): 0.5,
    ("bus driver", "yellow painter"): -0.1,
}


def values(scored: ScoredJob, metric: str, measure: str) -> dict[tuple[str, int], float]:
    return {(o.test, o.sample): o.value for o in single_outcomes(scored) if (o.metric, o.measure) == (metric, measure)}


@pytest.fixture
def generated(make_job: MakeJob) -> GeneratedJob:
    return make_job(
        [("yellow", ["bus driver", "yellow painter"]), ("red", ["fireman", "fireman"])],
        control=["teacher", "doctor"],
        neutral=["nurse", "teacher"],
        categories=["1", "2"],
    )


def scored_with(generated: GeneratedJob, metric: FakeMetric, mode: Mode = EXACT) -> ScoredJob:
    [scored] = score_jobs([generated], {"fake": metric}, mode, {})
    assert isinstance(scored, ScoredJob)
    return scored


def test_each_test_generation_is_compared_with_the_control_generation_of_its_sample(
    generated: GeneratedJob, fake_metric: type[FakeMetric]
) -> None:
    scored = scored_with(generated, fake_metric(TABLE))
    assert values(scored, "fake", "leak") == {("t1", 0): 1.0, ("t1", 1): 1.0, ("t2", 0): 1.0, ("t2", 1): 1.0}
    assert single_similarities(scored) == [
        Similarity("fake", "t1", 0, 0.3, 0.1, 0.2),
        Similarity("fake", "t1", 1, 0.6, 0.3, 0.1),
        Similarity("fake", "t2", 0, 0.2004, 0.1, 0.4),
        Similarity("fake", "t2", 1, 0.2004, 0.1996, 0.1),
    ]


def test_outcomes_carry_the_category_of_their_test(generated: GeneratedJob, fake_metric: type[FakeMetric]) -> None:
    scored = scored_with(generated, fake_metric(TABLE))
    assert {(outcome.test, outcome.category) for outcome in single_outcomes(scored)} == {("t1", "1"), ("t2", "2")}
    assert Outcome("fake", "echo", "1", "t1", 1, 1.0) in single_outcomes(scored)


def test_the_published_mode_rounds_before_comparing_and_keeps_what_it_compared(
    generated: GeneratedJob, fake_metric: type[FakeMetric]
) -> None:
    scored = scored_with(generated, fake_metric(TABLE), mode=PUBLISHED)
    assert values(scored, "fake", "leak")["t2", 1] == 0.5
    assert values(scored, "fake", "tie")["t2", 1] == 1.0
    assert values(scored, "fake", "leak")["t1", 0] == 1.0
    assert single_similarities(scored)[3] == Similarity("fake", "t2", 1, 0.2, 0.2, 0.1)
    assert scored.provenance["scoring"] == "published"


def test_similarities_within_the_tolerance_tie(generated: GeneratedJob, fake_metric: type[FakeMetric]) -> None:
    scored = scored_with(generated, fake_metric(TABLE), mode=exact(0.001))
    assert values(scored, "fake", "tie") == {("t1", 0): 0.0, ("t1", 1): 0.0, ("t2", 0): 0.0, ("t2", 1): 1.0}
    assert single_similarities(scored)[3] == Similarity("fake", "t2", 1, 0.2004, 0.1996, 0.1)
    assert scored.provenance["scoring"] == "exact, tie_tolerance=0.001"


def test_placebo_puts_the_neutral_generation_in_the_place_of_the_tests(
    generated: GeneratedJob, fake_metric: type[FakeMetric]
) -> None:
    scored = scored_with(generated, fake_metric(TABLE))
    assert values(scored, "fake", "placebo") == {("t1", 0): 1.0, ("t1", 1): 0.0, ("t2", 0): 1.0, ("t2", 1): 0.0}


@pytest.fixture
def against_neutral(generated: GeneratedJob) -> GeneratedJob:
    return replace(generated, job=replace(generated.job, against="neutral"))


def test_the_headline_is_against_the_neutral_generation_and_the_published_one_stands_beside_it(
    against_neutral: GeneratedJob, fake_metric: type[FakeMetric]
) -> None:
    scored = scored_with(against_neutral, fake_metric(TABLE))
    assert values(scored, "fake", "leak") == {("t1", 0): 1.0, ("t1", 1): 1.0, ("t2", 0): 0.0, ("t2", 1): 1.0}
    assert values(scored, "fake", "published") == {("t1", 0): 1.0, ("t1", 1): 1.0, ("t2", 0): 1.0, ("t2", 1): 1.0}
    assert values(scored, "fake", "placebo") == {("t1", 0): 1.0, ("t1", 1): 0.0, ("t2", 0): 1.0, ("t2", 1): 0.0}
    assert scored.provenance["against"] == "neutral"


def test_the_published_mode_is_against_the_control_though_there_is_a_neutral_arm(
    against_neutral: GeneratedJob, generated: GeneratedJob, fake_metric: type[FakeMetric]
) -> None:
    scored = scored_with(against_neutral, fake_metric(TABLE), mode=PUBLISHED)
    assert scored.outcomes == scored_with(generated, fake_metric(TABLE), mode=PUBLISHED).outcomes
    assert not values(scored, "fake", "published")
    assert scored.provenance["against"] == "control"


@given(texts=st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), min_size=1, max_size=6))
def test_the_neutral_arms_own_answers_in_place_of_the_tests_are_exactly_half(
    texts: list[tuple[str, str]], make_job: MakeJob, fake_metric: type[FakeMetric]
) -> None:
    """Whatever an insertion does to the answers: over a test and a neutral arm that are exchanged, the mean is 50 %."""
    answers, neutrals = zip(*texts, strict=True)
    job = make_job([("red", answers)], ["a control"] * len(texts), neutrals, against="neutral")
    exchanged = replace(job, neutral=job.tests[0], tests=(job.neutral,))
    both = [scored_with(each, fake_metric()) for each in (job, exchanged)]
    assert fmean(value for scored in both for value in values(scored, "fake", "leak").values()) == 0.5


def test_what_an_echo_free_rate_and_a_tie_are_of_is_the_headline(
    make_job: MakeJob, fake_metric: type[FakeMetric]
) -> None:
    table = {("red", "bus"): 0.5, ("red", "doctor"): 0.1, ("red", "nurse"): 0.5}
    scored = scored_with(make_job([("red", ["bus"])], ["doctor"], ["nurse"], against="neutral"), fake_metric(table))
    assert values(scored, "fake", "tie") == {("t1", 0): 1.0}
    assert {row.measure: row.total for row in single_sums(scored)}["echo_free_leak"] == 0.5


def test_without_a_neutral_arm_there_is_no_placebo(make_job: MakeJob, fake_metric: type[FakeMetric]) -> None:
    scored = scored_with(make_job([("yellow", ["bus driver"])], ["teacher"]), fake_metric(TABLE))
    assert {outcome.measure for outcome in scored.outcomes} == {"leak", "tie", "echo", "empty", "coreferent"}


def test_self_similarity_is_of_an_answer_and_the_next_samples(
    generated: GeneratedJob, fake_metric: type[FakeMetric]
) -> None:
    scored = scored_with(generated, fake_metric(TABLE))
    alike = {("t1", 0): 0.5, ("t1", 1): 0.0, ("t2", 0): 1.0, ("t2", 1): 1.0}
    assert values(scored, "fake", "self_similarity") == alike


@given(answers=st.lists(st.sampled_from(["bus", "rose", "sea", "doctor"]), min_size=2, max_size=5))
def test_self_similarity_of_neighbours_is_that_of_all_pairs_in_the_mean(
    answers: list[str], make_job: MakeJob, fake_metric: type[FakeMetric]
) -> None:
    """Over all orders that the samples might have been drawn in."""
    orders = list(permutations(answers))
    neighbours: list[float] = []
    for order in orders:
        scored = scored_with(make_job([("red", order)], order), fake_metric())
        neighbours += values(scored, "fake", "self_similarity").values()
    metric = fake_metric()
    everyone = [1.0 if one == other else metric.answer([(one, other)])[0] for one, other in permutations(answers, 2)]
    assert fmean(neighbours) == pytest.approx(fmean(everyone))


def test_echo_is_of_the_tests_generation_and_in_the_language_of_the_suite(
    make_job: MakeJob, fake_metric: type[FakeMetric]
) -> None:
    job = make_job([("naranja", ["dos naranjas", "limón"])], ["naranja", "naranja"], language="es")
    scored = scored_with(job, fake_metric())
    assert values(scored, "fake", "echo") == {("t1", 0): 1.0, ("t1", 1): 0.0}


def test_an_answer_without_a_visible_character_is_empty_and_still_compared(
    make_job: MakeJob, fake_metric: type[FakeMetric]
) -> None:
    table = {("yellow", " \n"): 0.0, ("yellow", "bus"): 0.3, ("yellow", "doctor"): 0.1}
    table |= {("bus", " \n"): 0.0, (" \n", "bus"): 0.0}
    scored = scored_with(make_job([("yellow", [" \n", "bus"])], ["doctor", "doctor"]), fake_metric(table))
    assert values(scored, "fake", "empty") == {("t1", 0): 1.0, ("t1", 1): 0.0}
    assert values(scored, "fake", "leak") == {("t1", 0): 0.0, ("t1", 1): 1.0}


def test_every_metric_has_every_measure(generated: GeneratedJob, fake_metric: type[FakeMetric]) -> None:
    [scored] = score_jobs([generated], {"one": fake_metric(TABLE), "two": fake_metric()}, EXACT, {})
    assert isinstance(scored, ScoredJob)
    assert len(list(single_outcomes(scored))) == 2 * 4 * 7
    assert len(single_similarities(scored)) == 2 * 4


@pytest.mark.parametrize(
    ("to_test", "to_control", "score"), [(0.3, 0.2, 1.0), (0.2, 0.3, 0.0), (0.2, 0.2, 0.5), (0.2, 0.2 + 5e-7, 0.5)]
)
def test_leak_score(to_test: float, to_control: float, score: float) -> None:
    assert leak_score(to_test, to_control, tie_tolerance=1e-6) == score


@given(
    texts=st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), min_size=1, max_size=6),
    concept=st.text(min_size=1, max_size=3),
    mode=st.sampled_from([EXACT, PUBLISHED]),
)
def test_swapping_test_and_control_turns_leak_into_its_complement(
    texts: list[tuple[str, str]], concept: str, mode: Mode, make_job: MakeJob, fake_metric: type[FakeMetric]
) -> None:
    answers, controls = zip(*texts, strict=True)
    generated = make_job([(concept, answers)], controls)
    swapped = replace(generated, control=generated.tests[0], tests=(generated.control,))

    # With ties; differences are far from any rounding.
    distinct = {*answers, *controls}
    lengths = {
        pair: len(set(pair[1])) / sum(map(len, pair)) for pair in product([concept, *distinct], distinct) if any(pair)
    }
    there, back = (scored_with(job, fake_metric(lengths), mode=mode) for job in (generated, swapped))
    assert values(back, "fake", "leak") == {key: 1 - leak for key, leak in values(there, "fake", "leak").items()}
    assert values(back, "fake", "tie") == values(there, "fake", "tie")
