"""What an effect means."""

from collections.abc import Iterable
from typing import Literal

from results.statistics.level import LEVEL
from results.statistics.paired import Effect

Verdict = Literal["ok", "drift", "inconclusive", "not measured"]

FROM_BEST_TO_WORST: tuple[Verdict, ...] = ("ok", "inconclusive", "not measured", "drift")
DELTA_POINTS = 5.0
ROUNDING = 1e-9
"""In points. Only rounding says on which side of a limit a number lies that is nearer to it."""


def verdict(effect: Effect, adjusted_p: float, delta: float = DELTA_POINTS) -> Verdict:
    """What the effect of one cell means: `delta` points is the smallest change that matters.

    Where no pair differs in anything it is ok on exactly these prompts, however many others there may be.
    """
    if effect.effect is None or effect.within is None:
        return "not measured"
    if adjusted_p < LEVEL and is_within(delta, abs(effect.effect)):
        return "drift"
    return "ok" if effect.identical or is_within(effect.within, delta) else "inconclusive"


def is_within(points: float, limit: float) -> bool:
    """Whether a number of points is as small as a limit, however the last digits of either were rounded."""
    return points <= limit + ROUNDING


def smallest_change(delta: float = DELTA_POINTS) -> float:
    """From how many points on an effect may be drift, however its last digits were rounded."""
    return delta - ROUNDING


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several; nothing at all is not measured."""
    return max(verdicts, key=FROM_BEST_TO_WORST.index, default="not measured")
