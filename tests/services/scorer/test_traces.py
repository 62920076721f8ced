"""A topic is relevant where its words are among the first tokens of a reading; what was not read is no number."""

from dataclasses import replace
from typing import Any

import pytest

from seep.records import Answer, GeneratedJob, PromptTest, Reading
from seep.suites.jobs import prompt_jobs
from seep.suites.traces import TracesSuite
from services.scorer.mode import exact
from services.scorer.scoring import score_jobs
from services.scorer.traces import relevance, score
from tests.traces import COOKING, DECOYS, content, reading

MODE = exact(1e-6)


def answer(words: tuple[str, ...], count: int, **values: float) -> Answer:
    found = reading(words, count, **values)
    return Answer("tokens", inside=Reading(tuple(found["tokens"]), tuple(found["probabilities"]), found["values"]))


def generated(tests: Answer, control: Answer) -> GeneratedJob:
    """The first job of the small suite, at one position."""
    suite = TracesSuite.model_validate(content(positions=1))
    job = prompt_jobs(suite, run_id="r", target="t")[0]
    return GeneratedJob(job, (control,), (), ((tests,),) * len(job.tests))


def values(job: GeneratedJob, category: str) -> dict[str, float]:
    return {outcome.measure: outcome.value for outcome in score(job) if outcome.category == category}


def test_relevance_is_the_share_of_the_first_twenty_tokens_that_are_words_of_the_topic() -> None:
    job = generated(answer(COOKING, 7), answer(COOKING, 1))
    expected = {"leak": 0.35, "placebo": 0.05, "decoy": 0.0, "steadiness": 0.9, "context_free": 0.8}
    assert values(job, "cooking") == pytest.approx(expected)
    assert values(job, "ships") == pytest.approx(expected | {"leak": 0.0, "placebo": 0.0})


def test_decoys_are_counted_apart() -> None:
    assert values(generated(answer(DECOYS[0], 4), answer(COOKING, 0)), "cooking")["decoy"] == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("tokens", "share"),
    [
        (("Ovens", " OVEN", "Mov"), 2 / 3),
        ((" recipes", "rec", "ipe", " recipe."), 0.5),
        (("filler",) * 20 + (" oven",), 0.0),
        ((" oven", "filler"), 0.5),
    ],
)
def test_case_and_inflection_do_not_count_and_parts_of_words_are_none(tokens: tuple[str, ...], share: float) -> None:
    assert relevance(tokens, COOKING, "en") == pytest.approx(share)


def test_a_negative_steadiness_is_none() -> None:
    found = values(generated(answer(COOKING, 7, split_half=-0.4, explained=1.0000001), answer(COOKING, 0)), "cooking")
    assert (found["steadiness"], found["context_free"]) == (0.0, 1.0)


WHOLE = answer(COOKING, 7)
BROKEN: list[tuple[Any, str]] = [
    (Answer("", "no_content"), "unanswered"),
    (Answer("recipe oven dough"), "unparsed"),
    (WHOLE._replace(inside=Reading()), "unparsed"),
    (WHOLE._replace(inside=Reading(("a", "b"), (0.5,))), "unparsed"),
    (WHOLE._replace(inside=Reading(("a",), (float("nan"),))), "unparsed"),
    (WHOLE._replace(inside=Reading(("a",), (0.5,), {"split_half": float("inf")})), "unparsed"),
]


@pytest.mark.parametrize(("broken", "reason"), BROKEN)
def test_what_is_no_reading_is_lost_by_its_reason_whichever_side_lacks_it(broken: Answer, reason: str) -> None:
    assert values(generated(broken, WHOLE), "cooking") == {reason: 1.0}
    assert values(generated(WHOLE, broken), "cooking") == {reason: 1.0}


def test_a_topic_without_words_fails_its_job() -> None:
    job = generated(WHOLE, WHOLE)
    stranger = replace(job.job, tests=(PromptTest("x", "weather", "?", "weather"), *job.job.tests[1:]))
    (failed,) = score_jobs([replace(job, job=stranger)], {}, MODE, {})
    assert "needs the words of each test's topic" in str(failed)


@pytest.mark.parametrize(
    ("tokens", "share"), [((" ", "!", "\n", "the"), 0.0), ((" 🙂", "!", " ", "Oven"), 0.5), (("🙂🙂", ""), 0.0)]
)
def test_a_sign_among_the_words_of_a_topic_finds_itself_alone(tokens: tuple[str, ...], share: float) -> None:
    assert relevance(tokens, ("🙂", "oven"), "en") == share


def test_an_emoji_is_not_found_in_another_of_the_same_variation() -> None:
    assert relevance(("☀️", "✈️", "❤️", "oven"), ("❤️",), "en") == 0.25
