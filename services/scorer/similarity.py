"""Asks every metric once for the similarities that a whole batch of jobs needs, as exactly as its comparisons need."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Pair = tuple[str, str]
"""A concept and a text."""

Comparison = tuple[Pair, Pair]
"""Two pairs whose similarities are compared."""

Score = Callable[[Sequence[Pair]], Sequence[float]]
"""Similarities of pairs, by position."""

ReadsWhole = Callable[[str], bool]
"""Whether all of a text counts."""

RULE = "rule 2"
"""What is made of the vectors of a metric's model, as provenance; another number where that changes."""

Similarities = Mapping[str, Mapping[Pair, float]]
"""By metric name, then by pair."""


class Comparing(Protocol):
    """What is asked of a mode: decimals to round similarities to, and how far apart two may be and still tie."""

    @property
    def decimals(self) -> int | None:
        """None keeps similarities whole."""

    @property
    def tie_margin(self) -> float:
        """Two similarities that differ by more never tie."""


def reads_any_length(text: str) -> bool:
    """What a metric says that cuts nothing."""
    return True


@dataclass(frozen=True)
class Metric:
    """One similarity, computed in three ways.

    `fast` computes in the type that the hardware is quick at, and is never farther than `error_bound` from `exact`,
    which computes in float32; the two are one, and the bound 0, where that type is float32. `afresh` is `fast` without
    what is remembered of earlier calls. `source` says what computes it, as kind, score and model, without the model's
    revision: two metrics of the same source have the same similarities under different names. `reads_whole` says of a
    text whether all of it counts; a model may read no more than its first tokens. `in_language` is the same metric of
    texts in a language, an ISO 639-1 code; None where that makes no difference.
    """

    fast: Score
    exact: Score
    afresh: Score
    error_bound: float
    source: str
    reads_whole: ReadsWhole = reads_any_length
    in_language: Callable[[str], "Metric"] | None = None


@dataclass(frozen=True)
class Opened:
    """A section's metrics by name, and what they are computed by, to the model's revision, as provenance."""

    metrics: Mapping[str, Metric]
    provenance: str


def in_language(metrics: Mapping[str, Metric], language: str) -> Mapping[str, Metric]:
    """The metrics of texts in a language."""
    return {name: metric.in_language(language) if metric.in_language else metric for name, metric in metrics.items()}


def ask_metrics(metrics: Mapping[str, Metric], comparisons: Iterable[Comparison], mode: Comparing) -> Similarities:
    """Each metric's similarity of each distinct pair; leak scores of them are those that float32 gives.

    Where two similarities that are compared differ by so little that the fast type's errors could turn or tie them,
    both are computed again, exactly. They are then rounded as the mode says.
    Raises ValueError for a similarity that is not a number: a defect of the metric, which must never enter a rate.
    """
    distinct = list(dict.fromkeys(comparisons))
    return {name: _ask(name, metric, distinct, mode) for name, metric in metrics.items()}


def _ask(name: str, metric: Metric, comparisons: Sequence[Comparison], mode: Comparing) -> Mapping[Pair, float]:
    pairs = list(dict.fromkeys(pair for comparison in comparisons for pair in comparison))
    if not pairs:
        return {}
    similarities = _finite(name, pairs, metric.fast(pairs))
    margin = 2 * metric.error_bound + mode.tie_margin
    doubtful = _doubtful(comparisons, similarities, margin) if metric.error_bound else []
    if doubtful:
        similarities |= _finite(name, doubtful, metric.exact(doubtful))
    if mode.decimals is not None:
        rounded = np.round(list(similarities.values()), mode.decimals)
        similarities = dict(zip(similarities, map(float, rounded), strict=True))
    return similarities


def _doubtful(comparisons: Iterable[Comparison], similarities: Mapping[Pair, float], margin: float) -> list[Pair]:
    """The pairs of comparisons whose leak score might not be float32's, once each."""
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
