"""What the rates of a run of the position probe say together: shares by place, and the papers' figures of them."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seep.records import Estimate, LeakRate
from seep.suites.position import PLACE


@dataclass(frozen=True)
class Places:
    """A category's places, in order: how often each was chosen, all in percent.

    `largest` is the largest distance of a share from 1/n. `moved` is of all answers that chose an option. `recall_std`
    is the population's standard deviation of how often the right option was chosen by the place where it stood: RStd of
    Zheng et al. 2024, arXiv 2309.03882; `right` is the mean of these. They are None where no right option is known.
    """

    category: str
    metric: str
    shares: tuple[LeakRate, ...]
    even: float
    largest: float
    moved: float
    right: float | None
    recall_std: float | None
    unparsed: float


def places(rates: Iterable[LeakRate]) -> list[Places]:
    """Of each category whose places were all measured, by metric."""
    found: defaultdict[tuple[str, str], dict[int, LeakRate]] = defaultdict(dict)
    for rate in rates:
        category, at, place = rate.category.rpartition(PLACE)
        if at and place.isdecimal() and rate.rate is not None:
            found[category, rate.metric][int(place)] = rate
    return [
        _places(category, metric, [of_place[place] for place in sorted(of_place)])
        for (category, metric), of_place in found.items()
        if sorted(of_place) == list(range(1, len(of_place) + 1))
    ]


def _places(category: str, metric: str, shares: Sequence[LeakRate]) -> Places:
    even = 100 / len(shares)
    rights = [share.measures["right"].share for share in shares if "right" in share.measures]
    known = len(rights) == len(shares)
    return Places(
        category=category,
        metric=metric,
        shares=tuple(shares),
        even=even,
        largest=max(abs((share.rate or 0) - even) for share in shares),
        moved=_pooled([share.measures["moved"] for share in shares if "moved" in share.measures]),
        right=math.fsum(rights) / len(rights) if known else None,
        recall_std=_standard_deviation(rights) if known else None,
        unparsed=shares[0].measures["unparsed"].share if "unparsed" in shares[0].measures else 0.0,
    )


def _pooled(estimates: Sequence[Estimate]) -> float:
    n = sum(estimate.n for estimate in estimates)
    return math.fsum(estimate.share * estimate.n for estimate in estimates) / n if n else 0.0


def _standard_deviation(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
