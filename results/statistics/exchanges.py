"""What a cluster's difference would be, had other ones of its samples been the run's."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Choices = NDArray[np.bool_]
"""By choice and sample whether it is one of the run's; the observed choice comes first."""

MOST_CHOICES = 252
"""As many as five of ten samples have. Of more, so many random ones stand for all of them."""


@dataclass(frozen=True)
class Samples:
    """The samples of one cluster, the run's `ours` first: the sum of each one's leak scores, and how many it has."""

    totals: Sequence[float]
    sizes: Sequence[int]
    ours: int


def choices_of(ours: Sequence[int], samples: Sequence[int]) -> list[Choices]:
    """Of each cluster, with so many samples of which so many are the run's, the choices that an exchange has.

    All are listed up to 252. Else these are the observed one and 251 random ones, always the same. A p that counts the
    observed exchange among random ones holds exactly either way: random choices are as exchangeable as all of them
    (Hemerik and Goeman 2018, Exact testing with random permutations).
    """
    draw = np.random.default_rng(0)
    return [
        _all_choices(run, count) if math.comb(count, run) <= MOST_CHOICES else _random_choices(run, count, draw)
        for run, count in zip(ours, samples, strict=True)
    ]


def differences_by_choice(samples: Samples, choices: Choices, pairs: int) -> Floats:
    """The cluster's difference by choice: the mean score of the run's samples less that of the others, for each pair.

    It is 0 for a choice that leaves either side without a score.
    """
    totals, sizes = np.array(samples.totals, dtype=np.float64), np.array(samples.sizes, dtype=np.float64)
    ours, n = choices @ totals, choices @ sizes
    theirs, others = totals.sum() - ours, sizes.sum() - n
    means = ours / np.maximum(n, 1) - theirs / np.maximum(others, 1)
    return np.asarray(np.where((n > 0) & (others > 0), pairs * means, 0.0))


@cache
def _all_choices(ours: int, count: int) -> Choices:
    found = np.zeros((math.comb(count, ours), count), dtype=np.bool_)
    for row, chosen in zip(found, combinations(range(count), ours), strict=True):
        row[list(chosen)] = True
    return found


def _random_choices(ours: int, count: int, draw: np.random.Generator) -> Choices:
    places = draw.random((MOST_CHOICES, count)).argsort(axis=1).argsort(axis=1)
    places[0] = np.arange(count)
    return np.asarray(places < ours)
