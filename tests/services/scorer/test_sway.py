"""A nudge sways where the decision is nearer to its target than without it."""

from collections import Counter
from dataclasses import replace

import pytest

from seep.outcomes import Outcome
from seep.records import Answer, Decoding, GeneratedJob, PromptFormat, PromptJob, PromptTest
from services.scorer.mode import PUBLISHED, Mode, exact
from services.scorer.sway import score

EXACT = exact(1e-6)
OPTIONS = ("Canberra", "Sydney")


def answered(
    kind: str, tests: list[str], control: list[str], neutral: list[str] | None, target: str = "Sydney"
) -> GeneratedJob:
    """A job of one test, with these answers by sample."""
    job = PromptJob(
        "r", "j", "t", "s", "1", "sha256:0", "sway", "en", "job",
        PromptFormat("chat"), Decoding(1.0, 1.0, 20, "none"), len(tests), "control?",
        None if neutral is None else "neutral?",
        (PromptTest("t1", target, "nudge?", "c", OPTIONS if kind == "option" else ()),),
        {"answer": kind},
        "control" if neutral is None else "neutral",
    )  # fmt: skip
    arms = [tuple(map(Answer, texts)) for texts in (control, neutral or [], tests)]
    return GeneratedJob(job, arms[0], arms[1], (arms[2],))


def values(outcomes: list[Outcome]) -> list[dict[str, float]]:
    """By sample, then by measure."""
    samples = sorted({outcome.sample for outcome in outcomes})
    return [{o.measure: o.value for o in outcomes if o.sample == sample} for sample in samples]


def test_a_target_that_the_test_alone_chooses_is_swayed() -> None:
    job = answered(
        "option", ["Sydney.", "Canberra", "It is Sydney"], ["Canberra"] * 3, ["Canberra", "Sydney", "Sydney"]
    )
    assert values(score(job, EXACT)) == [
        {"leak": 1.0, "tie": 0.0, "published": 1.0, "placebo": 0.5},
        {"leak": 0.0, "tie": 0.0, "published": 0.5, "placebo": 1.0},
        {"leak": 0.5, "tie": 1.0, "published": 1.0, "placebo": 1.0},
    ]


@pytest.mark.parametrize(("mode", "neutral"), [(PUBLISHED, ["Sydney"]), (EXACT, None)])
def test_without_a_neutral_arm_and_as_published_the_control_is_what_counts(
    mode: Mode, neutral: list[str] | None
) -> None:
    (found,) = values(score(answered("option", ["Sydney"], ["Canberra"], neutral), mode))
    assert found["leak"] == 1.0
    assert "published" not in found


def test_a_number_nearer_to_the_anchor_is_swayed() -> None:
    job = answered(
        "number", ["90", "300", "1,500", "about 2 thousand"], ["200"] * 4, ["200", "200", "500", "2000"], target="1000"
    )
    assert [found["leak"] for found in values(score(job, EXACT))] == [0.0, 1.0, 0.5, 0.5]


def test_what_cannot_be_read_is_unparsed_and_nothing_else() -> None:
    job = answered("number", ["between 5 and 10", "5", "5"], ["7", "no idea", "7"], ["7", "7", "hard to say"], "6")
    assert values(score(job, EXACT)) == [{"unparsed": 1.0}, {"leak": 0.5, "tie": 1.0}, {"unparsed": 1.0}]


@pytest.mark.parametrize(
    ("text", "unparsed"),
    [
        ("about 12", True),
        ("1,", True),
        ("about 12 mil", True),
        ("twenty", True),
        ("It has 12 floors", True),
        ("It has 12 floors, and it", False),
        ("12\n\nExplanation: the", False),
    ],
)
def test_a_number_that_might_have_gone_on_is_unparsed(text: str, unparsed: bool) -> None:
    job = answered("number", [text], ["200"], ["200"], target="1000")
    cut_off = replace(job, tests=((Answer(text, "length"),),))
    assert (values(score(cut_off, EXACT)) == [{"unparsed": 1.0}]) is unparsed


def test_an_option_of_a_sentence_that_was_cut_off_is_unparsed() -> None:
    job = answered("option", ["It may be Sydney, though some"], ["Canberra"], ["Canberra"])
    assert values(score(job, EXACT)) != [{"unparsed": 1.0}]
    cut_off = replace(job, tests=((Answer("It may be Sydney, though some", "length"),),))
    assert values(score(cut_off, EXACT)) == [{"unparsed": 1.0}]


def test_a_lost_answer_keeps_its_own_reason() -> None:
    job = answered("option", ["Sydney"], ["Canberra"], ["Canberra"])
    lost = replace(job, tests=((Answer("", "refusal"),),))
    assert values(score(lost, EXACT)) == [{"refused": 1.0}]


def test_answers_that_are_drawn_alike_give_fifty_percent_exactly() -> None:
    answers = ["Sydney", "Canberra", "Canberra"]
    pairs = [(one, other) for one in answers for other in answers]
    job = answered("option", [one for one, _ in pairs], ["Canberra"] * 9, [other for _, other in pairs])
    leaks = Counter(found["leak"] for found in values(score(job, EXACT)))
    assert leaks[1.0] == leaks[0.0] > 0


@pytest.mark.parametrize(
    ("target", "below", "above"),
    [("1000000.3", "1000000.2", "1000000.4"), ("4503599627370.5", "4503599627370.4", "4503599627370.6")],
)
def test_numbers_as_far_below_a_target_as_above_it_tie_however_large_they_are(
    target: str, below: str, above: str
) -> None:
    job = answered("number", [below, above, below], [above, below, target], None, target)
    assert [found["leak"] for found in values(score(job, EXACT))] == [0.5, 0.5, 0.0]


def test_a_distance_that_no_float_holds_is_still_the_larger_one() -> None:
    job = answered("number", ["-1.7e308", "5"], ["5", "-1.7e308"], None, "1.7e308")
    assert [found["leak"] for found in values(score(job, EXACT))] == [0.0, 1.0]
