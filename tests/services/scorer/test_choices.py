"""Answers are parsed to an option, or to none: a guess would become a rate."""

# ruff: noqa: RUF001 (letters of other scripts are what is tested)

import re
from unittest.mock import Mock

import pytest

from services.scorer import option_names
from services.scorer.choices import LONGEST, chosen_place
from services.scorer.option_names import named_options
from tests.growth import grows_linearly

LETTERS = ("A", "B", "C", "D")
CITIES = ("London", "Paris", "Rome", "New York")
SECOND = [
    "B",
    "b",
    "B.",
    "(b)",
    "(B)",
    "B)",
    "**B**",
    "[B]",
    "B. Paris",
    "B) Paris",
    "B: Paris",
    "(B) Paris",
    "Paris",
    "paris.",
    "The answer is B",
    "The answer is B.",
    "the answer is b",
    "Answer: B",
    "Answer: **B**",
    "The correct answer is (B) Paris.",
    "I think it's Paris.",
    "It is B",
    "It's B.",
    "B\n\nExplanation: A is wrong since London is in England.",
    "B. Paris\n\nLondon is the capital of the UK.",
    "The answer is B. A is wrong because London is in England.",
    "\\boxed{B}",
    "$\\boxed{\\text{B}}$",
    "Final answer: B",
    "<think>A? no, B</think>B",
    "hmm maybe A</think>\nB",
    "Ｂ",
    "“B”",
    "'B'",
    "答案是B。",
    "答えはBです",
    "Antwort: B",
    "La réponse est B.",
    "La respuesta correcta es la B.",
    "Ответ: B",
    "I would choose B.",
    "I'd go with option B",
    "Option B",
    "option b)",
    "B - Paris",
    "B – Paris",
    "The best answer to this question is B.",
    "Sure! B",
    "The capital of France is Paris.",
    "B is correct",
    "My answer is: B) Paris",
    "Answer - B",
    "Letter B",
    "B,",
    "✅ B",
    "You might think the answer is A. However, the correct answer is B.",
    "So the answer is B: Paris",
    " \n b. paris\n",
    "Β",
]
FIRST = [
    "A",
    "a",
    "A.",
    "(a)",
    "A) London",
    "The answer is A",
    "The answer is A.",
    "the answer is a.",
    "A is correct",
    "Option A",
    "I choose A",
    "It is A.",
    "А",
    "The correct answer is A, London.",
    "A. London is the capital.",
    "A because London is big",
]
FOURTH = [
    "New York is great",
    "D. New York",
    "The answer is New York",
]
NONE = [
    "",
    "  ",
    "I don't know",
    "I cannot answer that.",
    "A or B",
    "A and B",
    "A, B",
    "A/B",
    "Both A and C",
    "B or D",
    "The answer is A or B",
    "B. London",
    "A dog barked at me",
    "A good question!",
    "The answer is not B",
    "It isn't B",
    "B is wrong",
    "Neither A nor B",
    "<think>It must be B",
    "A. London\nB. Paris\nC. Rome\nD. New York",
    "I would not choose B",
    "E",
    "None of the above",
    "Paris or Rome",
    "As an AI language model I can't choose.",
    "I'm sorry",
    "Can I help?",
    "B? Or C?",
    "The wrong answer is B",
    "I'm not sure, maybe B",
    "AB",
    "B2B sales",
    "Vitamin Q",
    "The answer is Paris, but the letter is C",
    "(A) and (B)",
    "All of the above",
    "A, B, C, D",
    # A doubt, and a choice that is taken back.
    "The answer is B, or possibly C",
    "The answer is B. No wait, C.",
    "B. Actually, C.",
    # A label and another option's text.
    "Answer: B. London",
    "(a) London (b) Paris",
    # What is left out, or asked, or somebody else's choice.
    "All but B",
    "Anything but B",
    "I would avoid B",
    "I rule out B",
    "B is unlikely",
    "I doubt it is B",
    "I hate Paris",
    "B ❌",
    "❌ B",
    "Is it B?",
    "Is the answer B?",
    "You might think the answer is B, but it is C.",
]
OTHERS = [
    ("Yes", 0, ("A", "B"), ("Yes", "No")),
    ("No", 1, ("A", "B"), ("Yes", "No")),
    ("No, the sun is not a planet.", 1, ("A", "B"), ("Yes", "No")),
    ("Yes, there is no doubt.", 0, ("A", "B"), ("Yes", "No")),
    ("A. Yes", 0, ("A", "B"), ("Yes", "No")),
    ("B. No", 1, ("A", "B"), ("Yes", "No")),
    ("A", 0, ("A", "B"), ("Yes", "No")),
    ("The answer is No.", 1, ("A", "B"), ("Yes", "No")),
    ("There is no reason", None, ("A", "B"), ("Yes", "No")),
    ("Yes and no", None, ("A", "B"), ("Yes", "No")),
    ("A. No", None, ("A", "B"), ("Yes", "No")),
    ("B", 1, ("A", "B"), ("Yes", "No")),
    ("yes!", 0, ("A", "B"), ("Yes", "No")),
    ("No one knows", None, ("A", "B"), ("Yes", "No")),
    ("Yes it is.", 0, ("A", "B"), ("Yes", "No")),
    ("Not sure", None, ("A", "B"), ("Yes", "No")),
    ("The answer is yes.", 0, ("A", "B"), ("Yes", "No")),
    ("Answer: No", 1, ("A", "B"), ("Yes", "No")),
    ("I know that", None, ("A", "B"), ("Yes", "No")),
    ("(A) Yes", 0, ("A", "B"), ("Yes", "No")),
    ("Б", 1, ("А", "Б", "В", "Г"), ("Лондон", "Париж", "Рим", "Нью-Йорк")),
    ("В", 2, ("А", "Б", "В", "Г"), ("Лондон", "Париж", "Рим", "Нью-Йорк")),
    ("Ответ: Б.", 1, ("А", "Б", "В", "Г"), ("Лондон", "Париж", "Рим", "Нью-Йорк")),
    ("А", 0, ("А", "Б", "В", "Г"), ("Лондон", "Париж", "Рим", "Нью-Йорк")),
    ("(в)", 2, ("А", "Б", "В", "Г"), ("Лондон", "Париж", "Рим", "Нью-Йорк")),
    ("А или Б", None, ("А", "Б", "В", "Г"), ("Лондон", "Париж", "Рим", "Нью-Йорк")),
    ("Б) Париж", 1, ("А", "Б", "В", "Г"), ("Лондон", "Париж", "Рим", "Нью-Йорк")),
    ("イ", 1, ("ア", "イ", "ウ", "エ"), ("ロンドン", "パリ", "ローマ", "ニューヨーク")),
    ("答えはイです", 1, ("ア", "イ", "ウ", "エ"), ("ロンドン", "パリ", "ローマ", "ニューヨーク")),
    ("イ。パリ", 1, ("ア", "イ", "ウ", "エ"), ("ロンドン", "パリ", "ローマ", "ニューヨーク")),
    ("パリ", 1, ("ア", "イ", "ウ", "エ"), ("ロンドン", "パリ", "ローマ", "ニューヨーク")),
    ("イとウ", None, ("ア", "イ", "ウ", "エ"), ("ロンドン", "パリ", "ローマ", "ニューヨーク")),
    ("正解は「イ」です。", 1, ("ア", "イ", "ウ", "エ"), ("ロンドン", "パリ", "ローマ", "ニューヨーク")),
    ("2", 1, ("1", "2", "3", "4"), ("London", "Paris", "Rome", "New York")),
    ("2.", 1, ("1", "2", "3", "4"), ("London", "Paris", "Rome", "New York")),
    ("2) Paris", 1, ("1", "2", "3", "4"), ("London", "Paris", "Rome", "New York")),
    ("The answer is 2", 1, ("1", "2", "3", "4"), ("London", "Paris", "Rome", "New York")),
    ("In 1990", None, ("1", "2", "3", "4"), ("London", "Paris", "Rome", "New York")),
    ("2.5", None, ("1", "2", "3", "4"), ("London", "Paris", "Rome", "New York")),
    ("2%", None, ("1", "2", "3", "4"), ("London", "Paris", "Rome", "New York")),
    ("1.0", None, (), ("1", "10")),
    ("10", 1, (), ("1", "10")),
    # "Sometimes" holds "yes", "symptom" holds "yes", and "but" holds "is so".
    ("Иногда", None, (), ("да", "нет")),
    ("Да.", 0, (), ("да", "нет")),
    ("Ответ: нет", 1, (), ("да", "нет")),
    ("un síntoma", None, (), ("sí", "no")),
    ("Sí, claro", 0, (), ("sí", "no")),
    ("但是", None, (), ("是", "否")),
    ("是的。", 0, (), ("是", "否")),
    ("答案是否", 1, (), ("是", "否")),
    ("Парижанка", None, (), ("Лондон", "Париж")),
    ("В Лондоне", 0, (), ("Лондон", "Париж")),
    ("1 or 2", None, ("1", "2", "3", "4"), ("London", "Paris", "Rome", "New York")),
    ("option 2", 1, ("1", "2", "3", "4"), ("London", "Paris", "Rome", "New York")),
    ("乙", 1, ("甲", "乙", "丙"), ("伦敦", "巴黎", "罗马")),
    ("答案是乙。", 1, ("甲", "乙", "丙"), ("伦敦", "巴黎", "罗马")),
    ("答案：乙", 1, ("甲", "乙", "丙"), ("伦敦", "巴黎", "罗马")),
    ("巴黎", 1, ("A", "B", "C"), ("伦敦", "巴黎", "罗马")),
    ("答案是巴黎。", 1, ("A", "B", "C"), ("伦敦", "巴黎", "罗马")),
    ("ب", 1, ("أ", "ب", "ج"), ("لندن", "باريس", "روما")),
    ("الإجابة هي ب", 1, ("أ", "ب", "ج"), ("لندن", "باريس", "روما")),
    ("Cedar", 0, (), ("Cedar", "Birch")),
    ("I would choose the Cedar plan.", 0, (), ("Cedar", "Birch")),
    ("Birch is better than Cedar", None, (), ("Cedar", "Birch")),
    ("I choose Cedar over Birch.", 0, (), ("Cedar", "Birch")),
]


@pytest.mark.parametrize(("answers", "place"), [(FIRST, 0), (SECOND, 1), (FOURTH, 3), (NONE, None)])
def test_letter_text_and_both_name_an_option_and_two_options_name_none(answers: list[str], place: int | None) -> None:
    found = {answer: chosen_place(answer, LETTERS, CITIES) for answer in answers}
    assert {answer: other for answer, other in found.items() if other != place} == {}


@pytest.mark.parametrize(("answer", "place", "labels", "options"), OTHERS)
def test_other_labels_other_scripts_and_short_options(
    answer: str, place: int | None, labels: tuple[str, ...], options: tuple[str, ...]
) -> None:
    assert chosen_place(answer, labels, options) == place


@pytest.mark.parametrize("answer", ["⟦1⟧", "⟦7⟧", f"⟦{'9' * 5000}⟧", "Wait ⟦ no", "The answer is ⟦0⟧.", "⟦, wait: ⟦⟧"])
def test_marks_that_stand_for_options_within_name_none_where_an_answer_has_them(answer: str) -> None:
    assert chosen_place(answer, ("A", "B"), ("London", "Paris")) is None


@pytest.mark.parametrize("answer", ["B. No, wait ⟦", "⟦, wait: B", "B ⟦0⟧", "⟦B⟧"])
def test_brackets_of_any_kind_around_a_choice_are_marks_of_an_answer(answer: str) -> None:
    usual = answer.replace("⟦", "[").replace("⟧", "]")
    assert chosen_place(answer, ("A", "B"), ("London", "Paris")) == chosen_place(usual, ("A", "B"), ("London", "Paris"))


def test_an_answer_of_ten_thousand_characters_names_none() -> None:
    assert chosen_place("B. " + "x" * LONGEST, LETTERS, CITIES) is None
    assert chosen_place("B" + " " * (LONGEST - 10) + "C", LETTERS, CITIES) is None
    assert chosen_place("The answer " * 900 + "is B", LETTERS, CITIES) == 1


ANIMALS = ("Snail", "Falcon")


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        ("A. Snail is usually faster than a falcon", 0),
        ("B) Falcon, which is faster than a snail", 1),
        ("B: Falcon flies, a snail creeps.\nExplanation: a snail is slow.", 1),
        # A label and another option's text: nobody knows which was meant.
        ("A. Falcon is faster than a snail", None),
        # What says no, and what only lists.
        ("A. Snail is not faster than a falcon", None),
        ("A. Snail, B. Falcon", None),
        ("A. Snail or B. Falcon", None),
        ("A. Snail and falcon are both fast", None),
        ("A. Snail\nB. Falcon", None),
        ("A. Snail\nC. Falcon", None),
        ("A. Snail beats a falcon\nB. Falcon", None),
    ],
)
def test_label_and_text_at_the_beginning_are_a_choice_though_another_is_named(answer: str, place: int | None) -> None:
    assert chosen_place(answer, ("A", "B"), ANIMALS) == place


@pytest.mark.parametrize(
    ("answer", "whole", "cut_off"),
    [
        ("The cat and the snail are small compared to the", 0, None),
        ("One of the options, a snail,", 0, None),
        ("It must be the falcon. Falcons are known to", 1, 1),
        ("It must be the falcon\nFalcons are known to", 1, 1),
        # What is decided before the end stays so.
        ("B. Falcon", 1, 1),
        ("Falcon", 1, 1),
        ("The answer is B, since it", 1, 1),
    ],
)
def test_an_unfinished_sentence_may_yet_have_named_another(answer: str, whole: int | None, cut_off: int | None) -> None:
    assert chosen_place(answer, ("A", "B"), ANIMALS) == whole
    assert chosen_place(answer, ("A", "B"), ANIMALS, cut_off=True) == cut_off


@pytest.mark.parametrize("unit", [":. <answer>", "the answer is the ", "I choose option ", "No, I not ", "\n["])
def test_the_time_grows_no_faster_than_the_answer(unit: str) -> None:
    assert grows_linearly(lambda text: chosen_place(text, LETTERS, CITIES), unit, LONGEST // 2)
    assert grows_linearly(lambda text: chosen_place(text, (), ("Yes", "No")), unit, LONGEST // 2)


@pytest.mark.parametrize(
    "answer",
    [
        "New London",
        "New London is it.",
        "The answer is New London.",
        "new london",
        "East London",
        "Greater London.",
        "Little Paris",
        "St. London",
        "London Bridge",
        "Paris Hilton",
        "London-based",
    ],
)
def test_a_name_within_a_longer_one_is_not_the_option(answer: str) -> None:
    assert chosen_place(answer, LETTERS, CITIES) is None


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        ("New York", 3),
        ("New London? No: London.", 0),
        ("B\n\nExplanation: New London is elsewhere.", 1),
        ("A. London Bridge", 0),
        ("I choose Paris, not New London", 1),
        ("London I think", 0),
        ("London The answer is clear.", 0),
        ("London Paris", None),
    ],
)
def test_an_option_beside_a_longer_name_is_read(answer: str, place: int | None) -> None:
    assert chosen_place(answer, LETTERS, CITIES) == place


@pytest.mark.parametrize(
    "answer",
    [
        "first A then B",
        "First A, then B.",
        "A then B",
        "A before B",
        "A followed by B",
        "B after A",
        "A > B",
        "A vs B",
        "A over B",
        "A initially, B later",
        "The answer is A, then B",
        "The answer is first A then B",
        "I choose A first and B second",
        "A) London, then B) Paris",
        "d'abord A puis B",
        "zuerst A, dann B",
        "先A后B",
    ],
)
def test_one_option_after_the_other_is_none(answer: str) -> None:
    assert chosen_place(answer, LETTERS, CITIES) is None


@pytest.mark.parametrize(
    ("answer", "options", "place"),
    [
        ("No, I don't know", ("Yes", "No"), None),
        ("No, I'm not sure", ("Yes", "No"), None),
        ("No, sorry, I can't say", ("Yes", "No"), None),
        ("No, I cannot tell", ("Yes", "No"), None),
        ("No idea", ("Yes", "No"), None),
        ("Nein, ich weiß es nicht", ("Ja", "Nein"), None),
        ("Non, je ne sais pas", ("Oui", "Non"), None),
        ("No, I am sure of it.", ("Yes", "No"), 1),
        ("No, it is not.", ("Yes", "No"), 1),
        ("No, because it isn't.", ("Yes", "No"), 1),
        ("Yes, I am sure", ("Yes", "No"), 0),
    ],
)
def test_a_no_that_says_that_nothing_is_known_is_none(answer: str, options: tuple[str, str], place: int | None) -> None:
    assert chosen_place(answer, (), options) == place


def test_no_pattern_is_made_of_an_option_that_is_not_in_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern takes milliseconds, and a job may have a million options: none is looked for by it in vain."""
    made = Mock(side_effect=option_names._around)
    monkeypatch.setattr(option_names, "_around", made)
    options = [f"town {number}" for number in range(100)]
    (named,) = named_options("It is TOWN\n42.", [], options)
    assert named.place == 42
    assert [call.args for call in made.call_args_list] == [("town 42",), ("town 2",), ("town 4",)]


def test_an_option_is_looked_for_in_whatever_case_a_pattern_finds_it() -> None:
    letters = [chr(code) for code in range(0x20, 0x1F000) if not 0xD800 <= code < 0xE000]
    alike = ((one, other) for one in letters for other in {one.lower(), one.upper(), one.title()} - {one})
    found = [(one, other) for one, other in alike if re.fullmatch(re.escape(one), other, re.IGNORECASE)]
    assert len(found) > 2000
    assert all(option_names._may_be_in(option_names._folded(other), one) for one, other in found)
    assert all(option_names._may_be_in(option_names._folded(one), other) for one, other in found)
