"""From a scored job to its comparisons with their texts, a test at a time."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from results.sums import ANY_LOST
from seep.outcomes import ARMS, neighbours, values_of
from seep.records import Answer, OutcomeSeries, ScoredJob, SimilaritySeries

Parts = tuple[str, str, str, str]
"""An answer's text, how it ended, what was taken off it as reasoning, and the model that answered."""
Near = tuple[SimilaritySeries, int, bool]
"""Similarities, the number of their arm, and whether they have a value at every place of the job."""
NO_ANSWER: Parts = ("", "", "", "")


@dataclass(frozen=True)
class SharedAnswers:
    """What a job's comparisons are made with; answers by sample, none of an arm that the job does not have."""

    run_id: str
    job_id: str
    control_prompt: str
    controls: Sequence[Parts]
    neutral_prompt: str
    neutrals: Sequence[Parts]


class AnsweredTest(NamedTuple):
    """The comparisons of a test in a category: answers, outcomes and similarities, in the order of `samples`.

    Of both `outcomes`, metric -> measure -> values, and `similarities`, metric -> values of the arms in order, a value
    is None where this comparison has none. `control_prompt` and `controls`, by sample of the job, are the test's own;
    None where they are the job's.
    """

    run_id: str
    job_id: str
    test: str
    category: str
    concept: str
    prompt: str
    control_prompt: str | None
    samples: Sequence[int]
    answers: Sequence[Parts]
    controls: Sequence[Parts] | None
    outcomes: Mapping[str, Mapping[str, Sequence[float | None]]]
    similarities: Mapping[str, Sequence[Sequence[float | None] | None]]


def shared_answers(scored: ScoredJob) -> SharedAnswers:
    """The control's and the neutral arm's answers of a valid job."""
    generated, prompts = scored.generated, scored.generated.job
    return SharedAnswers(
        *(prompts.run_id, prompts.job_id, prompts.control or "", _parts(generated.control)),
        *(prompts.neutral or "", _parts(generated.neutral)),
    )


def answered_tests(scored: ScoredJob) -> Iterator[AnsweredTest]:
    """A job's comparisons with their texts; the job must be a valid one.

    Of an answer that counts in several categories, its text is kept for those alone where it counts for something; of
    one that was lost, which counts alike in all, for the first.
    """
    samples = scored.generated.job.samples
    near = _similarities(scored)
    for category, places, of_category in _kept(scored):
        measured = [
            (each.metric, each.measure, values_of(each.places, each.values, places), each.places == places)
            for each in of_category
        ]
        for start, end in neighbours([place // samples for place in places], samples):
            outcomes = _outcomes(measured, start, end)
            yield _answered(scored, category, places[start:end], outcomes, _near(near, places[start:end]))


def _kept(scored: ScoredJob) -> Iterator[tuple[str, Sequence[int], Sequence[OutcomeSeries]]]:
    """By category the places of the comparisons whose texts are kept, in order, and the category's series."""
    by_category: defaultdict[str, list[OutcomeSeries]] = defaultdict(list)
    for series in scored.outcomes:
        by_category[series.category].append(series)
    measured = {category: _places(of_category) for category, of_category in by_category.items()}
    shared = _in_several(measured.values())
    lost_ones: set[int] = set()
    for category, of_category in by_category.items():
        places = measured[category]
        if shared:
            counting, lost = _counting(of_category), _lost(of_category)
            left = counting - lost_ones
            places = [place for place in places if place not in shared or place in left]
            lost_ones |= lost & shared
        if places:
            yield category, places, of_category


def _places(of_category: Sequence[OutcomeSeries]) -> Sequence[int]:
    distinct = {series.places for series in of_category}
    return distinct.pop() if len(distinct) == 1 else sorted(set().union(*distinct))


def _in_several(measured: Collection[Sequence[int]]) -> set[int]:
    """The places that are measured in more than one category."""
    if len(set(chain.from_iterable(measured))) == sum(map(len, measured)):
        return set()
    return {place for place, times in Counter(chain.from_iterable(measured)).items() if times > 1}


def _counting(of_category: Sequence[OutcomeSeries]) -> set[int]:
    return {place for series in of_category for place, value in zip(series.places, series.values, strict=True) if value}


def _lost(of_category: Sequence[OutcomeSeries]) -> set[int]:
    return set().union(*(series.places for series in of_category if series.measure in ANY_LOST))


def _outcomes(
    measured: Iterable[tuple[str, str, Sequence[float | None], bool]], start: int, end: int
) -> dict[str, dict[str, Sequence[float | None]]]:
    """Those of one test; `measured` are the category's, each with whether none of its values is None."""
    found: dict[str, dict[str, Sequence[float | None]]] = {}
    for metric, measure, of_category, is_whole in measured:
        values = of_category[start:end]
        if is_whole or values.count(None) < len(values):
            found.setdefault(metric, {})[measure] = values
    return found


def _similarities(scored: ScoredJob) -> list[Near]:
    every = tuple(range(len(scored.generated.tests) * scored.generated.job.samples))
    return [(each, ARMS.index(each.arm), each.places == every) for each in scored.similarities]


def _near(similarities: Iterable[Near], places: Sequence[int]) -> dict[str, list[Sequence[float | None] | None]]:
    """Those of one test at these places, by metric and arm."""
    found: dict[str, list[Sequence[float | None] | None]] = {}
    first, end = places[0], places[-1] + 1
    together = end - first == len(places)
    for series, arm, at_every_place in similarities:
        values: Sequence[float | None] = series.values[first:end] if at_every_place and together else ()
        if not values:
            start, stop = bisect_left(series.places, first), bisect_left(series.places, end)
            if start == stop:
                continue
            values = values_of(series.places[start:stop], series.values[start:stop], places)
        if series.metric not in found:
            found[series.metric] = [None] * len(ARMS)
        found[series.metric][arm] = values
    return found


def _answered(
    scored: ScoredJob,
    category: str,
    places: Sequence[int],
    outcomes: Mapping[str, Mapping[str, Sequence[float | None]]],
    similarities: Mapping[str, Sequence[Sequence[float | None] | None]],
) -> AnsweredTest:
    generated, prompts = scored.generated, scored.generated.job
    position = places[0] // prompts.samples
    test, answers = prompts.tests[position], generated.tests[position]
    samples = [place % prompts.samples for place in places]
    return AnsweredTest(
        *(prompts.run_id, prompts.job_id, test.id, category, test.expected or test.concept, test.prompt),
        control_prompt=test.control,
        samples=samples,
        answers=_parts([answers[sample] for sample in samples]),
        controls=_parts(generated.test_controls[position]) if generated.test_controls else None,
        outcomes=outcomes,
        similarities=similarities,
    )


def _parts(answers: Iterable[Answer]) -> list[Parts]:
    return [answer[:4] for answer in answers]
