"""An answer that was lost has no leak score, under any probe: it counts by its reason, and as nothing else."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from seep.answers import Lost
from seep.languages import spill_categories
from seep.outcomes import Outcome, single_outcomes
from seep.records import Answer, Ended, GeneratedJob, ScoredJob
from services.aggregator.validation import validate
from services.scorer import language
from services.scorer.mode import PUBLISHED, exact
from services.scorer.scoring import score_jobs
from tests.builders import single_similarities, with_outcomes
from tests.services.scorer.fakes import FakeMetric, MakeJob

EXACT = exact(1e-6)
ENDINGS: Mapping[Ended, Lost] = {
    "refusal": "refused",
    "filtered": "filtered",
    "length": "unfinished",
    "tool_call": "unanswered",
    "no_content": "unanswered",
}
Arm = Sequence[str | Ended]


def answer(what: str) -> Answer:
    """A lost answer where `what` is a way to end, else an answer with that text."""
    return Answer("", what) if what in ENDINGS else Answer(what)  # type: ignore[arg-type]


def with_arms(job: GeneratedJob, tests: Sequence[Arm], control: Arm, neutral: Arm = ()) -> GeneratedJob:
    return replace(
        job,
        tests=tuple(tuple(map(answer, samples)) for samples in tests),
        control=tuple(map(answer, control)),
        neutral=tuple(map(answer, neutral)),
    )


def scored(job: GeneratedJob) -> ScoredJob:
    [found] = score_jobs([job], {"one": FakeMetric(), "other": FakeMetric()}, EXACT, {})
    assert isinstance(found, ScoredJob)
    return found


def measures(job: ScoredJob, metric: str = "one") -> dict[tuple[str, int], dict[str, float]]:
    """By test and sample."""
    found: defaultdict[tuple[str, int], dict[str, float]] = defaultdict(dict)
    for outcome in single_outcomes(job):
        if outcome.metric == metric:
            found[outcome.test, outcome.sample][outcome.measure] = outcome.value
    return dict(found)


@pytest.mark.parametrize(("ended", "reason"), ENDINGS.items())
@pytest.mark.parametrize("arm", ["test", "control"])
def test_a_comparison_whose_answer_was_lost_says_why_and_nothing_else(
    make_job: MakeJob, ended: Ended, reason: Lost, arm: str
) -> None:
    job = make_job([("yellow", ["", "a bus"])], control=["", "a car"])
    given = (ended, "a car") if arm == "test" else ("a bus", ended)
    found = scored(with_arms(job, [[given[0], "a bus"]], [given[1], "a car"]))
    assert measures(found)["t1", 0] == measures(found, "other")["t1", 0] == {reason: 1.0}
    assert measures(found)["t1", 1].keys() == {"leak", "tie", "echo", "empty", "coreferent"}
    assert {(seen.test, seen.sample) for seen in single_similarities(found)} == {("t1", 1)}


def test_the_aggregator_takes_what_the_scorer_says_of_lost_answers(make_job: MakeJob) -> None:
    job = make_job([("yellow", ["", ""]), ("red", ["", ""])], control=["", ""], neutral=["", ""])
    assert (
        validate(scored(with_arms(job, [["a", "filtered"], ["length", "b"]], ["refusal", "c"], ["d", "tool_call"])))
        is None
    )


def test_the_reason_is_the_tests_where_both_were_lost(make_job: MakeJob) -> None:
    job = with_arms(make_job([("yellow", [""])], control=[""]), [["filtered"]], ["refusal"])
    assert measures(scored(job)) == {("t1", 0): {"filtered": 1.0}}


def test_a_lost_control_takes_the_comparisons_of_its_sample_alone(make_job: MakeJob) -> None:
    job = make_job([("yellow", ["", ""]), ("red", ["", ""])], control=["", ""])
    found = measures(scored(with_arms(job, [["a", "b"], ["c", "d"]], ["refusal", "e"])))
    assert {place for place, of_place in found.items() if "refused" in of_place} == {("t1", 0), ("t2", 0)}
    assert {place for place, of_place in found.items() if "leak" in of_place} == {("t1", 1), ("t2", 1)}


def test_a_lost_neutral_answer_costs_the_placebo_alone(make_job: MakeJob) -> None:
    job = make_job([("yellow", ["", ""])], control=["", ""], neutral=["", ""])
    found = measures(scored(with_arms(job, [["a", "b"]], ["c", "d"], ["filtered", "e"])))
    assert found["t1", 1].keys() - found["t1", 0].keys() == {"placebo"}
    assert {"leak", "self_similarity"} <= found["t1", 0].keys()


def test_against_the_neutral_arm_its_lost_answer_takes_the_comparison_and_the_controls_only_what_needs_it(
    make_job: MakeJob,
) -> None:
    job = make_job([("yellow", [""] * 3)], control=[""] * 3, neutral=[""] * 3, against="neutral")
    given = scored(with_arms(job, [["a", "b", "c"]], ["refusal", "d", "e"], ["f", "filtered", "g"]))
    found = measures(given)
    assert found["t1", 1] == {"filtered": 1.0}
    assert found["t1", 2].keys() - found["t1", 0].keys() == {"published", "placebo"}
    assert single_similarities(given)[0].to_control is None
    assert validate(given) is None


@pytest.mark.parametrize("measure", ["leak", "published", "placebo"])
def test_the_aggregator_refuses_a_score_of_an_answer_that_was_lost(make_job: MakeJob, measure: str) -> None:
    job = make_job([("yellow", ["", ""])], control=["", ""], neutral=["", ""], against="neutral")
    given = scored(with_arms(job, [["a", "b"]], ["refusal", "d"], ["f", "filtered"]))
    claimed = Outcome("one", measure, "1", "t1", 1 if measure == "leak" else 0, 1.0)
    failure = validate(with_outcomes(given, [*single_outcomes(given), claimed]))
    assert failure is not None
    assert "whose answer was lost" in failure.reason


def test_a_sample_is_compared_with_the_next_that_has_its_answers(make_job: MakeJob) -> None:
    job = make_job([("yellow", [""] * 4)], control=[""] * 4)
    found = measures(scored(with_arms(job, [["a soup", "refusal", "a soup", "a salad"]], ["x", "x", "x", "x"])))
    assert found["t1", 0]["self_similarity"] == 1.0
    assert found["t1", 2]["self_similarity"] < 1.0
    assert "self_similarity" not in found["t1", 1]


def test_a_single_answer_that_is_left_is_like_no_other(make_job: MakeJob) -> None:
    job = with_arms(make_job([("yellow", ["", ""])], control=["", ""]), [["a", "filtered"]], ["b", "c"])
    assert measures(scored(job))["t1", 0].keys() == {"leak", "tie", "echo", "empty", "coreferent"}


def test_a_job_without_any_answer_asks_no_metric_anything(make_job: MakeJob) -> None:
    metric = FakeMetric()
    job = with_arms(make_job([("yellow", ["", ""])], control=["", ""]), [["length", "length"]], ["length", "length"])
    [found] = score_jobs([job], {"fake": metric}, EXACT, {})
    assert isinstance(found, ScoredJob)
    assert not metric.calls
    assert measures(found, "fake") == {("t1", 0): {"unfinished": 1.0}, ("t1", 1): {"unfinished": 1.0}}


def test_an_empty_text_that_the_model_ended_itself_is_an_answer(make_job: MakeJob) -> None:
    found = measures(scored(with_arms(make_job([("yellow", [""])], control=[""]), [[""]], ["a car"])))
    assert found["t1", 0]["empty"] == 1.0
    assert "leak" in found["t1", 0]


def test_two_texts_without_a_visible_character_are_alike(make_job: MakeJob) -> None:
    job = with_arms(make_job([("yellow", ["", ""])], control=["", ""]), [["", "\u200b"]], ["a car", "a car"])
    found = measures(scored(job))
    assert {(of_sample["empty"], of_sample["self_similarity"]) for of_sample in found.values()} == {(1.0, 1.0)}


def test_a_lost_answer_is_in_no_language(make_job: MakeJob) -> None:
    job = make_job([("es", ["", ""]), ("it", ["", ""])], ["-", "-"], probe="language", categories=["es", "it"])
    job = replace(job, job=replace(job.job, control=None), control=())
    texts = ["No sé qué decirte de esa película, porque no la he visto todavía.", "refusal"]
    given = replace(job, tests=(tuple(map(answer, texts)), (answer("filtered"), answer("length"))))
    outcomes = language.score(given, PUBLISHED.detector)
    of_spanish = spill_categories("es", ["es", "it"]).values()
    refused = [outcome for outcome in outcomes if outcome.measure == "refused"]
    assert [(each.category, each.test, each.sample, each.value) for each in refused] == [
        (category, "t1", 1, 1.0) for category in of_spanish
    ]
    assert {outcome.test for outcome in outcomes if outcome.measure == "leak"} == {"t1"}
    assert {outcome.measure for outcome in outcomes if outcome.test == "t2"} == {"filtered", "unfinished"}
