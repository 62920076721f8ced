"""From effects to verdicts: one per category, and one for all of them."""

from collections.abc import Iterable, Sequence
from typing import Literal

from results.statistics.paired import Effect

Verdict = Literal["ok", "drift", "inconclusive", "not measured"]

FROM_BEST_TO_WORST: tuple[Verdict, ...] = ("ok", "inconclusive", "not measured", "drift")
DELTA_POINTS = 5.0
LEVEL = 0.05


def verdict(effect: Effect, adjusted_p: float | None, delta: float = DELTA_POINTS) -> Verdict:
    """What an effect means: `delta` points is the smallest change that matters."""
    if effect.effect is None or effect.low is None or effect.high is None or adjusted_p is None:
        return "not measured"
    if adjusted_p < LEVEL and abs(effect.effect) >= delta:
        return "drift"
    return "ok" if -delta <= effect.low and effect.high <= delta else "inconclusive"


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several; nothing at all is not measured."""
    return max(verdicts, key=FROM_BEST_TO_WORST.index, default="not measured")


def adjusted(effects: Sequence[Effect]) -> list[float | None]:
    """P-values adjusted for their number, by position, so that of those below 5 % at most 5 % are expected to be false.

    None takes no part. Nor does an effect whose p could not have been below 5 %, whatever had happened: it cannot be
    found, so it cannot be found falsely, and is not counted among those that could; its adjusted p is 1. Without a
    difference that says nothing of any p (`least_p`), so what is left is tested as if there had never been more.

    Sources: Benjamini and Hochberg 1995; it holds for positively dependent tests too (Benjamini and Yekutieli 2001), as
    categories on the same answers are. What is not counted: Tarone 1990; Gilbert 2005, A modified false discovery rate
    multiple-comparisons procedure for discrete data.
    """
    # Takes a second to import, which commands that compare nothing need not wait.
    from scipy.stats import false_discovery_control

    counted = [effect.p for effect in effects if effect.p is not None and _can_be_found(effect)]
    raised = iter(false_discovery_control(counted).tolist() if counted else ())
    return [None if effect.p is None else next(raised) if _can_be_found(effect) else 1.0 for effect in effects]


def _can_be_found(effect: Effect) -> bool:
    return effect.least_p is not None and effect.least_p < LEVEL
