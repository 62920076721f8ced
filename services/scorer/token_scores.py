"""BERTScore's numbers as a metric has them: one of the three, stretched, and in low precision where that will do."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from services.scorer.cache import EmbeddingCache
from services.scorer.precision import measured_bound
from services.scorer.rescaling import rescale
from services.scorer.similarity import Pair

# Above bfloat16's largest error on the published answers: benchmarks/RESULTS.md.
LEAST_ERROR_BOUND = 0.006

# F1 may multiply the errors of precision and recall by so much, at most: by 1 where the two are equal, by more the
# farther apart they are, and by 2 where one is 0. Pairs beyond it are computed in float32.
F1_CONDITION = 1.3

Matched = Callable[[EmbeddingCache | None, Sequence[Pair]], Tensor]
"""Precision, recall and F1 of pairs by position, (pairs, 3), with the help of a cache or without one."""


def scores(
    matched: Matched, column: int, baseline: Tensor, cache: EmbeddingCache | None, pairs: Sequence[Pair]
) -> list[float]:
    """Precision (column 0), recall (1) or F1 (2) of pairs, by position, stretched from the baseline."""
    similarities: list[float] = rescale(matched(cache, pairs), baseline)[:, column].tolist()
    return similarities


def stable(fast: Matched, exact: Matched) -> tuple[Matched, tuple[float, float, float]]:
    """`fast`, but for pairs whose F1 would multiply its errors too much, which `exact` matches; and its error bounds.

    They are of precision, recall and F1.
    """
    unstretched = torch.zeros(3)
    bound = max(
        measured_bound(
            partial(scores, fast, column, unstretched), partial(scores, exact, column, unstretched), LEAST_ERROR_BOUND
        )
        for column in (0, 1)
    )

    def matched(cache: EmbeddingCache | None, pairs: Sequence[Pair]) -> Tensor:
        found = fast(cache, pairs)
        unstable = is_unstable(found, bound).nonzero().flatten().tolist()
        found[unstable] = exact(cache, [pairs[place] for place in unstable])
        return found

    return matched, (bound, bound, F1_CONDITION * bound)


def is_unstable(scores: Tensor, bound: float) -> Tensor:
    """Whether F1 could be farther off than F1_CONDITION times `bound`, (pairs,), for scores, (pairs, 3).

    `bound` is how far precision and recall may be off.
    """
    precision, recall = scores[:, 0], scores[:, 1]
    # The derivatives of F1 by both, 2 R² / (P + R)² and 2 P² / (P + R)², at the worst point that P and R may be at.
    squares = (precision.abs() + bound) ** 2 + (recall.abs() + bound) ** 2
    smallest_sum = (precision + recall).abs() - 2 * bound
    return (smallest_sum <= 0) | (2 * squares > F1_CONDITION * smallest_sum**2)
