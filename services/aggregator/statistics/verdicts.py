"""From effects to verdicts: one per category, and one for all of them."""

from collections.abc import Iterable, Sequence
from typing import Literal

from services.aggregator.statistics.paired import Effect

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


def adjusted(p_values: Sequence[float | None]) -> list[float | None]:
    """P-values adjusted for their number, by position, so that of those below 5 % at most 5 % are expected to be false.

    None takes no part. Source: Benjamini and Hochberg 1995; it holds for positively dependent tests too (Benjamini and
    Yekutieli 2001), as categories on the same answers are.
    """
    # Takes a second to import, which commands that compare nothing need not wait.
    from scipy.stats import false_discovery_control

    given = [p for p in p_values if p is not None]
    raised = iter(false_discovery_control(given).tolist() if given else ())
    return [None if p is None else next(raised) for p in p_values]
