"""Kappa against a worked example, and where it has no answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.statistics.agreement import ScoreShares, cohens_kappa

SCORES = st.lists(st.tuples(*[st.sampled_from([0.0, 0.5, 1.0])] * 2), min_size=1, max_size=50)


def shares(scores: list[float]) -> ScoreShares:
    return ScoreShares.from_rate(sum(scores) / len(scores), scores.count(0.5) / len(scores))


def test_shares_come_from_the_rate_and_the_ties() -> None:
    assert shares([1, 1, 0.5, 0]) == ScoreShares(leak=0.5, tie=0.25, none=0.25)


def test_a_table_worked_by_hand() -> None:
    # 20 and 15 of 50 agree; by chance 25/50 x 30/50 + 25/50 x 20/50 = 0.5.
    first, second = ScoreShares(0.5, 0, 0.5), ScoreShares(0.6, 0, 0.4)
    assert cohens_kappa(35 / 50, first, second) == pytest.approx(0.4)


@given(SCORES)
def test_it_is_the_kappa_of_the_scores_themselves(pairs: list[tuple[float, float]]) -> None:
    first, second = zip(*pairs, strict=True)
    found = cohens_kappa(sum(a == b for a, b in pairs) / len(pairs), shares(list(first)), shares(list(second)))
    agreed = sum(a == b for a, b in pairs) * len(pairs)
    by_chance = sum(first.count(score) * second.count(score) for score in (0.0, 0.5, 1.0))
    if by_chance == len(pairs) ** 2:
        assert found is None
    else:
        assert found == pytest.approx((agreed - by_chance) / (len(pairs) ** 2 - by_chance))
