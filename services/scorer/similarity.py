"""Asks every metric once for the similarities that a whole batch of jobs needs."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

Pair = tuple[str, str]
"""A concept and a text."""

Metric = Callable[[Sequence[Pair]], Sequence[float]]
"""Similarities of pairs, by position."""

Similarities = Mapping[str, Mapping[Pair, float]]
"""By metric name, then by pair."""

PARITY_DECIMALS = 3


def ask_metrics(metrics: Mapping[str, Metric], pairs: Iterable[Pair], parity: bool) -> Similarities:
    """Each metric's similarity of each distinct pair, from one call per metric; none where no pair is asked for.

    With `parity` they are rounded to 3 decimals, as the published tables round them. Raises ValueError for a
    similarity that is not a number: that is a defect of the metric, and must never enter a rate.
    """
    distinct = list(dict.fromkeys(pairs))
    return {name: _ask(name, metric, distinct, parity) for name, metric in metrics.items()}


def _ask(name: str, metric: Metric, pairs: Sequence[Pair], parity: bool) -> Mapping[Pair, float]:
    if not pairs:
        return {}
    answers = metric(pairs)
    if not all(math.isfinite(answer) for answer in answers):
        raise ValueError(f"{name}: a similarity is not a finite number")
    values = [float(value) for value in (np.round(answers, PARITY_DECIMALS) if parity else answers)]
    return dict(zip(pairs, values, strict=True))
