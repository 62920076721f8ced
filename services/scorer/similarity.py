"""Asks every metric once for the similarities that a whole batch of jobs needs, as exactly as its comparisons need."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seep.settings import Scoring

Pair = tuple[str, str]
"""A concept and a text."""

Comparison = tuple[Pair, Pair]
"""Two pairs whose similarities are compared."""

Score = Callable[[Sequence[Pair]], Sequence[float]]
"""Similarities of pairs, by position."""

Similarities = Mapping[str, Mapping[Pair, float]]
"""By metric name, then by pair."""

PARITY_DECIMALS = 3


@dataclass(frozen=True)
class Metric:
    """One similarity, computed in three ways.

    `fast` computes in the type that the hardware is quick at, and is never farther than `error_bound` from `exact`,
    which computes in float32; the two are one, and the bound 0, where that type is float32. `afresh` is `fast` without
    what is remembered of earlier calls. `source` names the model, without its revision.
    """

    fast: Score
    exact: Score
    afresh: Score
    error_bound: float
    source: str


def is_blank(text: str) -> bool:
    """Whether a text holds nothing but white space: every metric gives it the similarity 0."""
    return not text.strip()


def ask_metrics(metrics: Mapping[str, Metric], comparisons: Iterable[Comparison], scoring: Scoring) -> Similarities:
    """Each metric's similarity of each distinct pair; leak scores of them are those that float32 gives.

    Where two similarities that are compared differ by so little that the fast type's errors could turn or tie them,
    both are computed again, exactly. With parity all are rounded to 3 decimals, as the published tables round them.
    Raises ValueError for a similarity that is not a number: a defect of the metric, which must never enter a rate.
    """
    distinct = list(dict.fromkeys(comparisons))
    return {name: _ask(name, metric, distinct, scoring) for name, metric in metrics.items()}


def _ask(name: str, metric: Metric, comparisons: Sequence[Comparison], scoring: Scoring) -> Mapping[Pair, float]:
    pairs = list(dict.fromkeys(pair for comparison in comparisons for pair in comparison))
    if not pairs:
        return {}
    similarities = _finite(name, pairs, metric.fast(pairs))
    doubtful = _doubtful(comparisons, similarities, metric.error_bound, scoring) if metric.error_bound else []
    if doubtful:
        similarities |= _finite(name, doubtful, metric.exact(doubtful))
    if scoring.parity:
        rounded = np.round(list(similarities.values()), PARITY_DECIMALS)
        similarities = dict(zip(similarities, map(float, rounded), strict=True))
    return similarities


def _doubtful(
    comparisons: Iterable[Comparison], similarities: Mapping[Pair, float], error_bound: float, scoring: Scoring
) -> list[Pair]:
    """The pairs of comparisons whose leak score might not be float32's, once each."""
    margin = 2 * error_bound + (10**-PARITY_DECIMALS if scoring.parity else scoring.tie_tolerance)
    near = (
        (one, other)
        for one, other in comparisons
        if one != other and abs(similarities[one] - similarities[other]) <= margin
    )
    return list(dict.fromkeys(pair for comparison in near for pair in comparison))


def _finite(name: str, pairs: Sequence[Pair], answers: Sequence[float]) -> dict[Pair, float]:
    if not all(map(math.isfinite, answers)):
        raise ValueError(f"{name}: a similarity is not a finite number")
    return dict(zip(pairs, map(float, answers), strict=True))
