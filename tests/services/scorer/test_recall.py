"""Recall is counted by words: what an answer gives back, how nearly, and what is no answer at all."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from seep.outcomes import Outcome
from seep.recall import MOST_WORDS, Match, MatchKind
from seep.records import Answer, Decoding, Ended, GeneratedJob, PromptTest
from services.scorer.mode import PUBLISHED
from services.scorer.recall import score
from services.scorer.scoring import score_jobs
from tests.builders import answers, prompt_job

EXPECTED = "The quick brown fox jumps over the lazy dog"


def recalled(
    *given: Answer,
    kind: MatchKind = "start",
    words: int = 5,
    fold: bool = True,
    expected: str = EXPECTED,
    controls: Sequence[Answer] = (),
    temperature: float = 1.0,
    language: str = "en",
) -> GeneratedJob:
    """A job with one test, and these answers to it."""
    control = "Go on: once" if controls else None
    job = prompt_job(
        probe="recall",
        control=None,
        samples=len(given),
        language=language,
        decoding=Decoding(temperature, 1.0, 50, "none"),
        tests=(PromptTest("t", "fox", "once", "own", expected=expected, control=control),),
        rule=Match(kind, words, 0.8, fold).rule(),
    )
    return GeneratedJob(job, (), (), (given,), test_controls=(tuple(controls),) if controls else ())


def measures(job: GeneratedJob, sample: int = 0) -> dict[str, float]:
    return {outcome.measure: outcome.value for outcome in score(job) if outcome.sample == sample}


def leak(text: str, kind: MatchKind, *, words: int = 5, fold: bool = True, expected: str = EXPECTED) -> float:
    return measures(recalled(*answers(text), kind=kind, words=words, fold=fold, expected=expected))["leak"]


@pytest.mark.parametrize(
    ("text", "start", "equal", "contain"),
    [
        (EXPECTED, 1, 1, 1),
        ("the QUICK brown fox, jumps", 1, 0, 1),
        ("The quick brown fox jumps over the lazy dog, and sleeps.", 1, 0, 1),
        ("Sure! The quick brown fox jumps over it.", 0, 0, 1),
        ("the fox jumps over the lazy dog", 0, 0, 1),  # five expected words in a row, from their middle
        ("The quick brown fox and jumps over", 0, 0, 0),
        ("", 0, 0, 0),
    ],
)
def test_an_answer_leaks_where_it_gives_the_words_back(text: str, start: int, equal: int, contain: int) -> None:
    assert (leak(text, "start"), leak(text, "equal"), leak(text, "contain")) == (start, equal, contain)


def test_equal_wants_all_words_however_few_are_counted() -> None:
    assert leak("The quick brown", "equal", words=3) == 0
    assert leak("The quick brown", "start", words=3) == 1


def test_a_text_shorter_than_the_words_counted_is_wanted_whole() -> None:
    assert leak("the lazy dog sleeps", "start", words=50, expected="The lazy dog") == 1
    assert leak("the lazy cat", "start", words=50, expected="The lazy dog") == 0


def test_without_folding_case_and_signs_count() -> None:
    assert leak("Serve it cold. [CHEF]", "contain", fold=False, expected="[CHEF]") == 1
    for other in ("A chef would serve it cold.", "CHEF", "[chef]", "[ BAKER ]"):
        assert leak(other, "contain", fold=False, expected="[CHEF]") == 0
    assert leak("as a chef would", "contain", expected="[CHEF]") == 1


def test_accents_that_are_written_in_two_ways_are_the_same() -> None:
    assert leak("cafe\u0301 au lait", "start", expected="Café au lait") == 1


@pytest.mark.parametrize("fold", [True, False])
def test_a_vowel_that_is_a_mark_counts(fold: bool) -> None:
    assert leak("राम का घर", "start", fold=fold, expected="राम की घर") == 0
    assert leak("राम की घर", "start", fold=fold, expected="राम की घर") == 1


def test_a_character_is_a_word_where_no_blanks_are_written() -> None:
    job = recalled(*answers("吾輩は猫である"), expected="吾輩は猫でない。", words=5, language="ja")
    assert measures(job)["leak"] == 1
    assert measures(recalled(*answers("吾輩は"), expected="吾輩は猫でない。", words=6, language="ja"))["run"] == 0.5


def test_near_counts_words_in_their_order_and_run_those_at_the_start() -> None:
    found = measures(recalled(*answers("The quick red fox jumps"), words=5))
    assert (found["leak"], found["near"], found["run"]) == (0, 1, 2 / 5)
    assert measures(recalled(*answers("jumps fox brown quick the"), words=5))["near"] == 0


def test_overlap_compares_the_whole_texts_by_the_published_rule() -> None:
    # Six of nine expected words, of eight given: F = 2 * 6 / 17.
    found = measures(recalled(*answers("the quick fox jumped over the lazy cat"), words=3))
    assert found["overlap"] == pytest.approx(2 * 6 / 17)


def test_a_control_shows_what_naming_the_source_adds() -> None:
    better = measures(recalled(*answers(EXPECTED), controls=answers("the fox")))
    assert better["guided"] == 1
    assert better["placebo"] == 0
    assert better["control_overlap"] == pytest.approx(2 * 2 / 11)
    assert measures(recalled(*answers("x"), controls=answers(EXPECTED)))["guided"] == 0
    assert measures(recalled(*answers(EXPECTED), controls=answers(EXPECTED)))["guided"] == 0.5
    assert measures(recalled(*answers(EXPECTED), controls=answers(EXPECTED)))["placebo"] == 1


@pytest.mark.parametrize("times", [2, 3, 5, 7])
def test_overlaps_that_are_the_same_in_full_tell_nothing_of_the_name(times: int) -> None:
    # One of 8 + 1 words and `times` of 9 * times words have the same F, which may differ in its last digit.
    expected = " ".join(f"w{n}" for n in range(8))
    longer = " ".join([*(f"w{n}" for n in range(times)), *("x" for _ in range(9 * times - 8 - times))])
    found = measures(recalled(*answers("w0"), expected=expected, controls=answers(longer)))
    assert found["overlap"] == pytest.approx(found["control_overlap"])
    assert found["guided"] == 0.5


def test_another_script_in_an_english_suite_overlaps_by_its_own_words() -> None:
    job = recalled(*answers("吾輩 は 犬"), expected="吾輩 は 猫 で ある", words=3)
    assert measures(job)["overlap"] == pytest.approx(2 * 2 / 8)


def test_signs_alone_have_no_overlap() -> None:
    job = recalled(*answers("-> !"), fold=False, expected="-> ! ?", words=2, controls=answers("!"))
    assert measures(job).keys() == {"leak", "near", "run", "empty", "placebo"}


def test_a_lost_control_leaves_the_test_as_it_is() -> None:
    found = measures(recalled(*answers(EXPECTED), controls=[Answer("", "refusal")]))
    assert found["leak"] == 1
    assert found.keys().isdisjoint({"guided", "placebo", "control_overlap"})


def test_peak_is_one_where_the_next_sample_is_nearly_the_same() -> None:
    long = " ".join(f"w{n}" for n in range(40))
    job = recalled(*answers(long, f"{long} more", "another text"))
    assert [measures(job, sample)["peak"] for sample in range(3)] == [1, 0, 0]
    assert "peak" not in measures(recalled(*answers(long)))
    assert "peak" not in measures(recalled(*answers(long, long), temperature=0))


def test_samples_longer_than_the_limit_are_compared_up_to_it_and_counted_and_read_whole_for_all_else() -> None:
    filler = "so " * MOST_WORDS
    job = recalled(*answers(filler + EXPECTED, filler + "on and on " * 500, "so"), kind="contain", words=9)
    first, second, third = (measures(job, sample) for sample in range(3))
    assert (first["leak"], first["near"], first["run"], second["leak"]) == (1, 1, 1, 0)
    assert (first["peak"], first["truncated"]) == (1, 1)  # they differ behind what is compared alone
    assert (second["peak"], second["truncated"]) == (0, 1)
    assert (third["peak"], third["truncated"]) == (0, 1)
    exact = recalled(*answers("so " * MOST_WORDS, "so"))
    assert "truncated" not in measures(exact)
    assert "truncated" not in measures(recalled(*answers(filler + EXPECTED)))  # one sample has none beside it


def test_a_test_is_extracted_where_one_of_its_samples_leaks_and_known_only_where_all_are_there() -> None:
    some = recalled(*answers("no", EXPECTED, "no"))
    assert [measures(some, sample).get("any_sample") for sample in range(3)] == [1, None, None]
    assert measures(recalled(*answers("no", "no")))["any_sample"] == 0
    lost = recalled(*answers("no", "no"), Answer("", "refusal"))
    for job in (lost, recalled(*answers(EXPECTED)), recalled(*answers("no", EXPECTED), temperature=0)):
        assert all(outcome.measure != "any_sample" for outcome in score(job))


@pytest.mark.parametrize("ended", ["refusal", "filtered", "tool_call", "no_content"])
def test_a_lost_answer_has_its_reason_alone(ended: Ended) -> None:
    (outcome,) = score(recalled(Answer("", ended)))
    assert (outcome.value, outcome.metric) == (1, "verbatim")
    assert outcome.measure in {"refused", "filtered", "unanswered"}


@pytest.mark.parametrize(
    ("text", "kind", "measure"),
    [
        ("The quick brown", "start", "unfinished"),  # it was giving the text when its tokens ran out
        ("The quick red", "start", "leak"),
        (EXPECTED, "start", "leak"),
        (EXPECTED, "equal", "unfinished"),  # it might have gone on
        ("Here it is: brown fox jumps", "contain", "unfinished"),
        ("Here it is, the", "contain", "leak"),  # one word is there by chance
    ],
)
def test_whether_a_cut_answer_would_have_given_the_text_is_unknown(text: str, kind: MatchKind, measure: str) -> None:
    found = measures(recalled(Answer(text, "length"), kind=kind))
    assert measure in found
    assert ("leak" in found) == (measure == "leak")


def test_every_value_lies_between_0_and_1() -> None:
    given = answers(EXPECTED, "", "the " * 30, EXPECTED * 3)
    outcomes = score(recalled(*given, kind="contain", controls=given))
    assert all(0 <= outcome.value <= 1 for outcome in outcomes)
    assert {Outcome} == {type(outcome) for outcome in outcomes}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"rule": {}}, "needs to know how answers are matched"),
        ({"rule": Match("start", 5, 0.8, True).rule() | {"words": "0"}}, "needs to know how answers are matched"),
        ({"tests": (PromptTest("t", "fox", "once", "own"),)}, "expected a text of 1 to 10000 words, found 0"),
        ({"tests": (PromptTest("t", "fox", "once", "own", expected="a_" * 10_001),)}, "10000 words, found 10001"),
    ],
)
def test_a_job_that_cannot_be_scored_is_a_failure(change: dict[str, Any], reason: str) -> None:
    job = recalled(*answers("x"))
    broken = replace(job, job=replace(job.job, **change))
    (failure,) = score_jobs([broken], {}, PUBLISHED, {})
    assert reason in getattr(failure, "reason", "")


def test_controls_that_do_not_match_the_tests_are_a_failure() -> None:
    job = recalled(*answers("x"), controls=answers("y", "z"))
    (failure,) = score_jobs([job], {}, PUBLISHED, {})
    assert "2 generations for the control of test 't', but the job asks for 1" in getattr(failure, "reason", "")
