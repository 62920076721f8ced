"""Does one order go with another? Spearman's rank correlation, and how often chance alone would give as much."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

# Up to 8 of them all orders are counted, 40,320 at most; beyond, as many are drawn.
MOST_ENUMERATED = 8
DRAWS = 20_000
SEED = 20_240_817
ROUNDING = 1e-12


@dataclass(frozen=True)
class RankOrder:
    """A rank correlation in [-1, 1] over `n` things, and its two-sided p by permutation."""

    correlation: float
    p: float
    n: int


def rank_order(one: Sequence[float], other: Sequence[float]) -> RankOrder | None:
    """Spearman's rho of two values of each thing, ties sharing their mean rank; None where either never varies.

    p is the share of the orders of `other` whose correlation is as far from 0, exact up to MOST_ENUMERATED things; of
    drawn orders the one found counts as drawn: Phipson and Smyth 2010, Statistical Applications in Genetics 9, 39.
    """
    x, y = _centred_ranks(one), _centred_ranks(other)
    scale = math.sqrt(_dot(x, x) * _dot(y, y))
    if len(x) != len(y):
        raise ValueError(f"{len(x)} values beside {len(y)}")
    if scale == 0:
        return None
    found = _dot(x, y)
    as_far = total = 0
    for order in _orders(y):
        as_far += abs(_dot(x, order)) >= abs(found) - ROUNDING
        total += 1
    return RankOrder(found / scale, as_far / total, len(x))


def _orders(values: Sequence[float]) -> Iterator[Sequence[float]]:
    if len(values) <= MOST_ENUMERATED:
        yield from permutations(values)
        return
    yield values
    draw = random.Random(SEED)
    for _ in range(DRAWS):
        yield draw.sample(values, len(values))


def _centred_ranks(values: Sequence[float]) -> list[float]:
    """Ranks less their mean; equal values share the mean of their ranks."""
    ordered = sorted(values)
    middle = (len(values) - 1) / 2
    return [ordered.index(value) + (ordered.count(value) - 1) / 2 - middle for value in values]


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))
