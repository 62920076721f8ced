"""Greedy matching: what F1 makes of precision and recall of any signs."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from services.scorer.matching import greedy_match

pytestmark = pytest.mark.slow

cosines = st.floats(-1, 1, width=32)


def matched(precision: float, recall: float) -> list[float]:
    """Of a candidate and a reference, each of a token that counts and one beside it, with these best matches."""
    rows = [[0.0] * 5 for _ in range(4)]
    candidate, beside_candidate, reference, beside_reference = rows
    candidate[0] = reference[1] = beside_candidate[2] = beside_reference[3] = 1.0
    beside_reference[0], beside_candidate[1] = precision, recall
    reference[0] = min(precision, recall, 0.0)
    vectors = torch.tensor(rows)
    weights = torch.tensor([1.0, 0.0, 1.0, 0.0])
    scores: list[float] = greedy_match(vectors, torch.tensor([0, 2, 4]), weights, torch.tensor([[0, 1]]))[0].tolist()
    return scores


@given(precision=cosines, recall=cosines)
def test_f1_lies_between_precision_and_recall_of_one_sign_and_is_0_of_opposite_ones(
    precision: float, recall: float
) -> None:
    precision, recall, f1 = matched(precision, recall)
    least, most = sorted([precision, recall])
    assert least - 1e-6 <= f1 <= most + 1e-6
    assert f1 == 0 or precision * recall > 0
