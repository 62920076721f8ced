"""An answer ends with its first sentence, and nowhere inside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.generator.cutting import cut_answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (" a banana. He likes it.", "a banana."),
        ("Really?! Yes.", "Really?!"),
        ("no full stop", "no full stop"),
        ("\n\nan apple.\nYour answer: a pear.", "an apple."),
        ('"Yesterday." It was sung.', '"Yesterday."'),
        ("about 3.5 metres. Or more.", "about 3.5 metres."),
        ("see example.org for it. Then", "see example.org for it."),
        ("黄色い。それは", "黄色い。"),
        ("...", "..."),
        ("", ""),
        ("  \n ", ""),
    ],
)
def test_the_first_sentence(text: str, answer: str) -> None:
    assert cut_answer(text, "sentence", "en") == answer


def test_without_a_cut_only_the_surrounding_blanks_go() -> None:
    assert cut_answer(" One. Two.\n", "none", "en") == "One. Two."


@given(st.text())
def test_cutting_again_changes_nothing(text: str) -> None:
    once = cut_answer(text, "sentence", "en")
    assert cut_answer(once, "sentence", "en") == once
    assert text.strip().startswith(once)
