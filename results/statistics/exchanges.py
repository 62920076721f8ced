"""What a cluster's difference would be, had other ones of its samples been the run's."""

import math
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Choices = NDArray[np.bool_]
"""By choice and sample whether it is one of the run's; the observed choice comes first."""

MOST_CHOICES = 252
"""As many as five of ten samples have. Of more, so many random ones stand for all of them."""


def choices_of(ours: Sequence[int], samples: Sequence[int]) -> Sequence[Choices]:
    """Of each cluster, with so many samples of which so many are the run's, the choices that an exchange has.

    All are listed up to 252. Else these are the observed one and 251 random ones, always the same. A p that counts the
    observed exchange among random ones holds exactly either way: random choices are as exchangeable as all of them
    (Hemerik and Goeman 2018, Exact testing with random permutations).
    """
    return _choices(tuple(ours), tuple(samples))


@lru_cache(1)  # of a monitor's runs each is compared with as many others: 10 MB for 1,000 jobs
def _choices(ours: tuple[int, ...], samples: tuple[int, ...]) -> Sequence[Choices]:
    draw = np.random.default_rng(0)
    return [
        _all_choices(run, count) if math.comb(count, run) <= MOST_CHOICES else _random_choices(run, count, draw)
        for run, count in zip(ours, samples, strict=True)
    ]


def differences_by_choice(totals: Floats, sizes: Floats, choices: Choices) -> Floats:
    """For each pair a cluster's difference, by cell and choice: the mean score of the run's samples less the others'.

    `totals` are the sums of leak scores by cell and sample, `sizes` how many they are of. The difference is 0 for a
    choice that leaves either side without a score.
    """
    chosen = choices.astype(np.float64).T
    ours, n = totals @ chosen, sizes @ chosen
    theirs, others = totals.sum(axis=1, keepdims=True) - ours, sizes.sum(axis=1, keepdims=True) - n
    means = ours / np.maximum(n, 1) - theirs / np.maximum(others, 1)
    return np.asarray(np.where((n > 0) & (others > 0), means, 0.0))


@cache
def _all_choices(ours: int, count: int) -> Choices:
    found = np.zeros((math.comb(count, ours), count), dtype=np.bool_)
    for row, chosen in zip(found, combinations(range(count), ours), strict=True):
        row[list(chosen)] = True
    return found


def _random_choices(ours: int, count: int, draw: np.random.Generator) -> Choices:
    chosen = draw.random((MOST_CHOICES, count)).argsort(axis=1)[:, :ours]
    chosen[0] = np.arange(ours)
    found = np.zeros((MOST_CHOICES, count), dtype=np.bool_)
    np.put_along_axis(found, chosen, values=True, axis=1)
    return found
