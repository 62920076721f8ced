"""How far a run's intervals reach, as pages and reports show it."""

from collections.abc import Mapping, Sequence

from results.reach import Reach
from seep.records import LeakRate


def few_concepts(reach: Sequence[Reach | None]) -> int:
    """How many concepts the suite asks over and over; 0 where each is asked once."""
    return max((each.concepts for each in reach if each), default=0)


def other_concepts(rates: Sequence[LeakRate], reach: Sequence[Reach | None]) -> Mapping[tuple[str, str], Reach]:
    """By metric and category of a rate, the reach with the interval for other concepts too, where there is one."""
    return {
        (rate.metric, rate.category): each
        for rate, each in zip(rates, reach, strict=True)
        if each and each.low is not None
    }
