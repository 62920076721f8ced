"""Which tests moved most between a reference and a run; plain functions on sums."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from results.comparison import LeakSum

# Means that differ by less are the same: sums of fractions, as of the traces probe, are rounded.
ROUNDING = 1e-9
Test = tuple[str, str, str]
"""A job, a test of it and its category."""
Scores = tuple[float, int]
"""The sum of a test's leak scores, and how many they are."""


@dataclass(frozen=True)
class Flip:
    """A test whose mean leak score moved: `was` in the reference's runs, `now` in the run, both in [0, 1].

    `weight` is the difference in units of its standard error if every score were a toss of a coin. With few answers on
    each side even a large difference weighs little.
    """

    metric: str
    job_id: str
    test: str
    category: str
    was: float
    now: float
    samples: int
    reference_samples: int
    weight: float


@dataclass(frozen=True)
class Flips:
    """How many tests went up and down and stayed, under one metric, and those that moved most."""

    metric: str
    up: int
    down: int
    same: int
    largest: Sequence[Flip]


def flips(run: Iterable[LeakSum], reference: Iterable[LeakSum], metric: str, limit: int) -> Flips:
    """The tests that both sides have, under one metric; `reference` holds the sums of all its runs together."""
    ours, theirs = _by_test(run, metric), _by_test(reference, metric)
    weights = {key: _weight(of_key, theirs[key]) for key, of_key in ours.items() if key in theirs}
    moving = (key for key, weight in weights.items() if abs(weight) > ROUNDING)
    moved = sorted(moving, key=lambda key: -abs(weights[key]))
    up = sum(weights[key] > 0 for key in moved)
    largest = [_flip(metric, key, ours[key], theirs[key]) for key in moved[:limit]]
    return Flips(metric, up, len(moved) - up, len(weights) - len(moved), largest)


def _by_test(sums: Iterable[LeakSum], metric: str) -> dict[Test, Scores]:
    found: dict[Test, Scores] = {}
    for row in sums:
        if row.metric == metric and row.n:
            key = row.job_id, row.test, row.category
            known = found.get(key)
            found[key] = (known[0] + row.total, known[1] + row.n) if known else (row.total, row.n)
    return found


def _weight(ours: Scores, theirs: Scores) -> float:
    (total, n), (total_before, n_before) = ours, theirs
    return (total / n - total_before / n_before) / sqrt(0.25 / n + 0.25 / n_before)


def _flip(metric: str, key: Test, ours: Scores, theirs: Scores) -> Flip:
    (total, n), (total_before, n_before) = ours, theirs
    return Flip(metric, *key, total_before / n_before, total / n, n, n_before, _weight(ours, theirs))
