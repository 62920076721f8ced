"""Distinct n-grams of answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.statistics.diversity import distinct_ngrams


@pytest.mark.parametrize(
    ("texts", "length", "expected"),
    [
        (["a red house", "a red house"], 1, (3, 6)),
        (["a red house", "a red house"], 2, (2, 4)),
        (["a red house", "the blue house"], 1, (5, 6)),
        (["House. HOUSE!"], 1, (1, 2)),
        (["end", "start"], 2, (0, 0)),
        (["", "..."], 1, (0, 0)),
        (["end\0start", "end"], 1, (2, 3)),
        (["end\0start", "end"], 2, (1, 1)),
        ([], 2, (0, 0)),
        # Words that differ in a vowel alone, which is a mark.
        (["की का के"], 1, (3, 3)),
    ],
)
def test_ngrams_are_counted_within_texts_and_without_case(
    texts: list[str], length: int, expected: tuple[int, int]
) -> None:
    assert distinct_ngrams(texts, [length]) == [expected]


@given(st.lists(st.text(st.characters(max_codepoint=127))), st.integers(1, 3))
def test_an_answer_in_ascii_has_the_ngrams_that_it_has_beside_another_script(texts: list[str], length: int) -> None:
    [(different, together)] = distinct_ngrams(texts, [length])
    assert distinct_ngrams([*texts, "é"], [length]) == [(different + (length == 1), together + (length == 1))]
