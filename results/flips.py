"""Which tests moved most between a reference and a run; plain functions on sums."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from results.comparison import LeakSum


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
    found = [_flip(metric, key, ours[key], theirs[key]) for key in ours if key in theirs]
    moved = sorted((flip for flip in found if flip.weight), key=lambda flip: -abs(flip.weight))
    up = sum(flip.weight > 0 for flip in moved)
    return Flips(metric, up, len(moved) - up, len(found) - len(moved), moved[:limit])


def _by_test(sums: Iterable[LeakSum], metric: str) -> dict[tuple[str, str, str], tuple[float, int]]:
    found: dict[tuple[str, str, str], tuple[float, int]] = {}
    for row in sums:
        if row.metric == metric and row.n:
            key = row.job_id, row.test, row.category
            total, n = found.get(key, (0.0, 0))
            found[key] = total + row.total, n + row.n
    return found


def _flip(metric: str, key: tuple[str, str, str], ours: tuple[float, int], theirs: tuple[float, int]) -> Flip:
    (total, n), (total_before, n_before) = ours, theirs
    now, was = total / n, total_before / n_before
    weight = (now - was) / sqrt(0.25 / n + 0.25 / n_before)
    return Flip(metric, *key, was, now, n, n_before, weight)
