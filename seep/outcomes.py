"""Single outcomes and similarities, as a probe yields them, and the series in which they travel."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

from seep.records import Arm, OutcomeSeries, PromptJob, ScoredJob, SimilaritySeries

ARMS: tuple[Arm, ...] = get_args(Arm)


@dataclass(frozen=True)
class Outcome:
    """What the scorer says of one comparison; `value` lies in [0, 1], and every rate is a mean of such values."""

    metric: str
    measure: str
    category: str
    test: str
    sample: int
    value: float


@dataclass(frozen=True)
class Similarity:
    """The similarities behind a leak score: of the concept to the generation of each arm.

    None for an arm that the job does not have, or whose answer was lost.
    """

    metric: str
    test: str
    sample: int
    to_test: float
    to_control: float | None
    to_neutral: float | None = None


def outcome_series(outcomes: Iterable[Outcome], job: PromptJob) -> tuple[OutcomeSeries, ...]:
    """The outcomes of a job's tests by metric, measure and category, in the order in which each is first there.

    Raises KeyError for a test that the job does not have.
    """
    first_place = {test.id: position * job.samples for position, test in enumerate(job.tests)}
    found: defaultdict[tuple[str, str, str], list[tuple[int, float]]] = defaultdict(list)
    for each in outcomes:
        key = each.metric, each.measure, each.category
        found[key].append((first_place[each.test] + each.sample, each.value))
    return tuple(OutcomeSeries(*names, *_in_order(pairs)) for names, pairs in found.items())


def similarity_series(similarities: Iterable[Similarity], job: PromptJob) -> tuple[SimilaritySeries, ...]:
    """The similarities by metric and arm; KeyError for a test that the job does not have."""
    first_place = {test.id: position * job.samples for position, test in enumerate(job.tests)}
    found: defaultdict[tuple[str, Arm], list[tuple[int, float]]] = defaultdict(list)
    for each in similarities:
        for arm, value in zip(ARMS, (each.to_test, each.to_control, each.to_neutral), strict=True):
            if value is not None:
                found[each.metric, arm].append((first_place[each.test] + each.sample, value))
    return tuple(SimilaritySeries(*names, *_in_order(pairs)) for names, pairs in found.items())


def single_outcomes(scored: ScoredJob) -> Iterator[Outcome]:
    """The outcomes one by one, by series, then by place."""
    prompts = scored.generated.job
    for series in scored.outcomes:
        for place, value in zip(series.places, series.values, strict=True):
            position, sample = divmod(place, prompts.samples)
            test = prompts.tests[position].id
            yield Outcome(series.metric, series.measure, series.category, test, sample, value)


def values_of(known: Sequence[int], values: Sequence[float], places: Sequence[int]) -> Sequence[float | None]:
    """Of values at known places those at these places; None where there is none."""
    if known == places:
        return values
    by_place = dict(zip(known, values, strict=True))
    return [by_place.get(place) for place in places]


def neighbours(groups: Sequence[int], longest: int) -> Iterator[tuple[int, int]]:
    """Where each group of equal numbers begins and ends; equal ones are neighbours, at most `longest` of them."""
    start = 0
    while start < len(groups):
        end = start + groups[start : start + longest].count(groups[start])
        yield start, end
        start = end


def _in_order(pairs: list[tuple[int, float]]) -> tuple[tuple[int, ...], tuple[float, ...]]:
    places, values = zip(*sorted(pairs, key=lambda pair: pair[0]), strict=True)
    return places, values
