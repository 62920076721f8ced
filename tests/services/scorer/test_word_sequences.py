"""Sequences of words are compared as the textbook's slow ways compare them."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scorer.word_sequences import (
    Runs,
    common_start,
    common_subsequence,
    rouge_l,
    within_distance,
)

SHORT = st.lists(st.sampled_from("abc"), max_size=12)


def slow_subsequence(one: Sequence[str], other: Sequence[str]) -> int:
    row = [0] * (len(other) + 1)
    for word in one:
        new = [0]
        for place, also in enumerate(other):
            new.append(row[place] + 1 if word == also else max(row[place + 1], new[place]))
        row = new
    return row[-1]


def slow_distance(one: Sequence[str], other: Sequence[str]) -> int:
    row = list(range(len(other) + 1))
    for number, word in enumerate(one, start=1):
        new = [number]
        for place, also in enumerate(other):
            new.append(min(row[place + 1] + 1, new[place] + 1, row[place] + (word != also)))
        row = new
    return row[-1]


@given(SHORT, SHORT)
def test_the_common_subsequence_is_as_long_as_the_table_of_all_pairs_says(one: list[str], other: list[str]) -> None:
    assert common_subsequence(one, other) == slow_subsequence(one, other)


@given(SHORT, SHORT, st.sampled_from([0.0, 0.05, 0.2, 0.5, 1.0]))
def test_a_distance_is_within_a_share_where_the_whole_table_says_so(
    one: list[str], other: list[str], share: float
) -> None:
    expected = slow_distance(one, other) <= int(share * max(len(one), len(other)) + 1e-9)
    assert within_distance(one, other, share) == expected


@given(SHORT, SHORT)
def test_the_common_run_is_the_longest_of_all_runs(one: list[str], other: list[str]) -> None:
    runs = {tuple(one[i:j]) for i in range(len(one)) for j in range(i + 1, len(one) + 1)}
    also = {tuple(other[i:j]) for i in range(len(other)) for j in range(i + 1, len(other) + 1)}
    assert Runs(one).longest(other) == max(map(len, runs & also), default=0)


def test_the_common_start_ends_at_the_first_other_word() -> None:
    assert common_start([*"abc"], [*"abdc"]) == 2
    assert common_start(["a"], ["a", "b"]) == 1
    assert common_start([], ["a"]) == 0


def test_rouge_l_is_the_harmonic_mean_of_both_shares() -> None:
    # Three of four and three of six.
    expected = 2 * (3 / 4) * (3 / 6) / (3 / 4 + 3 / 6)
    assert rouge_l([*"abcd"], [*"xabycz"]) == pytest.approx(expected)
    assert rouge_l([], []) == 0.0
    assert rouge_l(["a"], ["b"]) == 0.0
