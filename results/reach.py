"""What the interval of a leak rate speaks of: other prompts, and, where a suite asks the same few, other concepts."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from results.rates import ALL, POOL_SEPARATOR
from results.statistics.two_way import few_concepts, over_so_many
from results.sums import ConceptSum
from seep.records import LeakRate

OTHER_PROMPTS = "prompts like these"
THESE_PROMPTS = "these very prompts"


@dataclass(frozen=True)
class Reach:
    """The rate's own interval is of these `concepts`, so many; from `low` to `high` percent it is for others like them.

    Both are None with fewer than five concepts, which do not tell how concepts differ.
    """

    concepts: int
    low: float | None
    high: float | None


@dataclass(frozen=True)
class RateWithReach(LeakRate):
    """A rate, in words what its interval speaks of, and, where a suite asks the same few concepts over and over, the
    wider interval for others like them."""

    interval_over: str = ""
    other_concepts: Reach | None = None


def reaches(found: Sequence[LeakRate], sums: Iterable[ConceptSum]) -> list[Reach | None]:
    """Of each rate its reach; None where its concepts are not the same few.

    The rates are of categories, pools or `all` of one run of the semantic probe, with jobs as clusters; `sums` are all
    of the run's.
    """
    by_cell: defaultdict[str, defaultdict[str, list[ConceptSum]]] = defaultdict(lambda: defaultdict(list))
    for row in sums:
        by_cell[row.metric][row.category].append(row)
    return [_reach(rate, by_cell[rate.metric]) for rate in found]


def interval_over(reach: Reach | None, cluster: str | None = None) -> str:
    """In words, what a rate's own interval speaks of; `cluster` is the run's."""
    if cluster == "sample":
        return THESE_PROMPTS
    return OTHER_PROMPTS if reach is None else f"{OTHER_PROMPTS}, of these {reach.concepts} concepts"


def _reach(rate: LeakRate, cells: dict[str, list[ConceptSum]]) -> Reach | None:
    if rate.low is None or rate.high is None:
        return None
    members = [rate.category] if rate.category in cells else rate.category.split(POOL_SEPARATOR)
    rows = [row for name in (cells if rate.category == ALL else members) for row in cells.get(name, ())]
    crossed = [(row.cluster, row.concept, row.total, row.n) for row in rows]
    concepts = few_concepts(crossed)
    if concepts is None:
        return None
    bounds = over_so_many(concepts, crossed)
    # Other concepts add to how the rate may differ: the interval is never the narrower one.
    return Reach(concepts, min(bounds[0], rate.low) if bounds else None, max(bounds[1], rate.high) if bounds else None)
