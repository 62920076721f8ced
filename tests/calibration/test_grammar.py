from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.grammar import (
    ASSOCIATES,
    CATEGORIES,
    ECHO_SHARE,
    END,
    FRAMES,
    NEUTRAL,
    PLANTED,
    QUESTIONS,
    answers,
    control_prompt,
    inserted_prompt,
    next_words,
    nouns,
    vocabulary,
)

questions = st.sampled_from(list(CATEGORIES))
concepts = st.sampled_from([None, *ASSOCIATES])


@given(questions, concepts)
def test_every_distribution_sums_to_one(question: str, concept: str | None) -> None:
    whole = answers(question, concept)
    assert sum(nouns(question, concept).values()) == pytest.approx(1)
    assert sum(whole.values()) == pytest.approx(1)
    for following in next_words(whole).values():
        assert sum(following.values()) == pytest.approx(1)


@given(questions, concepts)
def test_the_next_words_of_an_answer_multiply_to_its_probability(question: str, concept: str | None) -> None:
    whole = answers(question, concept)
    after = next_words(whole)
    for answer, probability in whole.items():
        product_of_words = 1.0
        for length, word in enumerate(answer):
            product_of_words *= after[answer[:length]][word]
        assert product_of_words == pytest.approx(probability)


def test_a_concept_moves_the_mass_planted_for_its_category_and_no_other() -> None:
    for (question, category), (concept, associate) in product(CATEGORIES.items(), ASSOCIATES.items()):
        shares, base = nouns(question, concept), nouns(question, None)
        planted = PLANTED[category]
        assert shares.get(associate, 0) == pytest.approx(planted * (1 - ECHO_SHARE))
        assert shares.get(concept, 0) == pytest.approx(planted * ECHO_SHARE)
        assert {word: shares[word] for word in base} == pytest.approx(
            {word: share * (1 - planted) for word, share in base.items()}
        )


def test_answers_without_the_concept_never_hold_an_associate_or_a_concept() -> None:
    planted = {*ASSOCIATES, *ASSOCIATES.values()}
    for question in CATEGORIES:
        assert not planted & nouns(question, None).keys()


def test_every_answer_ends_its_first_sentence_and_some_go_on() -> None:
    whole = answers("drew the", "yellow")
    assert all("." in answer and answer[-2:] == (".", END) for answer in whole)
    assert ("banana", ".", "It", "was", "late", ".", END) in whole
    assert ("banana", "in", "the", "garden", ".", END) in whole


def test_every_category_has_frames_enough_for_an_interval() -> None:
    assert {category: len(questions) for category, questions in QUESTIONS.items()} == dict.fromkeys(PLANTED, 10)
    assert len(FRAMES) == len(set(FRAMES))


def test_prompts_and_answers_are_spelled_with_the_vocabulary() -> None:
    known = set(vocabulary())
    for frame in FRAMES:
        for prompt in (control_prompt(frame), inserted_prompt(frame, NEUTRAL), inserted_prompt(frame, "yellow")):
            assert set(prompt.replace(".", " .").split()) <= known
    for question, concept in product(CATEGORIES, ASSOCIATES):
        assert {word for answer in answers(question, concept) for word in answer} <= known | {END}
