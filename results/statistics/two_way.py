"""The 95 % interval of a rate whose concepts are a sample too, as its prompts are; knows nothing of runs or storage."""

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence

from results.statistics.degrees_of_freedom import quantile_of_t
from results.statistics.intervals import (
    ROUNDING,
    TAIL,
    clopper_pearson,
    expit,
    jackknife_variance,
    logit,
)

Crossed = Sequence[tuple[str, str, float, int]]
"""Of each job and concept that meet: their names, the sum of their comparisons' values in [0, 1], and how many."""
Value = tuple[float, int]
"""Such a sum, and of how many."""
FEWEST_CONCEPTS = 5
"""With fewer, Student's t has so few degrees of freedom that the interval says hardly anything."""


def few_concepts(crossed: Crossed) -> int | None:
    """How many concepts there are, if the same few are asked over and over; None otherwise.

    That is: each of them in several jobs, and fewer concepts than jobs. Otherwise the jobs' own spread holds theirs.
    """
    met = {(job, concept) for job, concept, _, n in crossed if n > 0}
    jobs, jobs_of = {job for job, _ in met}, Counter(concept for _, concept in met)
    if len(jobs_of) < 2 or min(jobs_of.values()) < 2 or len(jobs_of) >= len(jobs):
        return None
    return len(jobs_of)


def over_concepts(crossed: Crossed) -> tuple[float, float] | None:
    """Between which percentages the rate lies for other prompts and other concepts like these.

    None with fewer than five concepts, or as many as jobs: see `few_concepts`.
    """
    concepts = few_concepts(crossed)
    return None if concepts is None else over_so_many(concepts, crossed)


def over_so_many(concepts: int, crossed: Crossed) -> tuple[float, float] | None:
    """As `over_concepts`, of what has so many as `few_concepts` says.

    Two-way clustered variance: Cameron, Gelbach and Miller 2011, Robust inference with multiway clustering; each part
    by the jackknife, on the logit scale: MacKinnon, Nielsen and Webb 2024, Jackknife inference with two-way clustering.
    Never below the larger of the two ways alone.
    """
    if concepts < FEWEST_CONCEPTS:
        return None
    jobs_of, concepts_of, totals, sizes = zip(*crossed, strict=True)
    values, total, size = list(zip(totals, sizes, strict=True)), math.fsum(totals), sum(sizes)
    ways: list[Sequence[Hashable]] = [jobs_of, concepts_of, list(zip(jobs_of, concepts_of, strict=True))]
    variances = [_variance(names, values, total, size) for names in ways]
    of_jobs, of_concepts, of_both = variances
    if of_jobs is None or of_concepts is None or of_both is None or max(of_jobs, of_concepts) == 0:
        low, high = clopper_pearson(total / size * concepts, concepts)
        return 100 * low, 100 * high
    variance = max(of_jobs + of_concepts - of_both, of_jobs, of_concepts)
    middle, half_width = logit(total / size), quantile_of_t(concepts - 1, 1 - TAIL) * math.sqrt(variance)
    return 100 * expit(middle - half_width), 100 * expit(middle + half_width)


def _variance(names: Sequence[Hashable], values: Sequence[Value], total: float, size: int) -> float | None:
    """Of logit(total / size), by leaving out all values of one name in turn; None where that has no logit."""
    # Most are the same as others: each is reckoned with once. No order changes the last digit of what fsum adds up.
    alike = Counter(values if len(set(names)) == len(names) else _added(names, values))
    times = {(t, n): times for (t, n), times in alike.items() if n > 0}
    without_one = [(total - t) / (size - n) for t, n in times]
    least, most = min(without_one), max(without_one)
    if least <= ROUNDING or most >= 1 - ROUNDING:
        return None
    if most - least <= ROUNDING:
        return 0.0  # equal shares may differ in their last digits, and then vary by nearly nothing
    return jackknife_variance([logit(share) for share in without_one], list(times.values()))


def _added(names: Sequence[Hashable], values: Sequence[Value]) -> Iterator[Value]:
    """The sum of the values of each name."""
    grouped: defaultdict[Hashable, list[Value]] = defaultdict(list)
    for name, value in zip(names, values, strict=True):
        grouped[name].append(value)
    for same in grouped.values():
        totals, sizes = zip(*same, strict=True)
        yield math.fsum(totals), sum(sizes)
