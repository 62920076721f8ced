"""From a scored job to its sums, series by series; nothing here is done comparison by comparison."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, compress
from math import fsum
from operator import eq

from results.statistics.diversity import distinct_ngrams
from results.sums import (
    DISTINCT,
    LEAK,
    WHOLE_JOB,
    WITHOUT,
    SampleSums,
    SumsPerCluster,
    SumsPerTest,
    agreement_with,
)
from seep.answers import lost
from seep.outcomes import neighbours, values_of
from seep.records import GeneratedJob, OutcomeSeries, PromptJob, ScoredJob

Span = tuple[str, int, int, int]
"""Neighbours in a series that share a cluster and a test: both of these, the first's index, and that after the last."""
Columns = tuple[tuple[str, ...], tuple[int, ...], tuple[float, ...]]
"""Measures, sizes and totals."""


def per_test_sums(scored: ScoredJob) -> list[SumsPerTest]:
    """The sums of a job's outcomes, and of what follows from them and from its texts; the job must be a valid one.

    `echo_free_leak` is the leak score of the comparisons without an echo, `coreference_free_leak` of those whose answer
    does more than go on about the thing that has the concept. `agreement:<other>` says whether another
    metric gives a comparison the same leak score. `distinct_1` and `distinct_2` are shares of different n-grams.
    """
    prompts = scored.generated.job
    spans: dict[tuple[int, ...], Sequence[Span]] = {}
    cells: defaultdict[tuple[str, str], defaultdict[tuple[int, ...], list[OutcomeSeries]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for series in chain(scored.outcomes, _derived(scored.outcomes)):
        cells[series.category, series.metric][series.places].append(series)
        if series.places not in spans:
            spans[series.places] = list(_spans(prompts, series.places))
    sums = [
        SumsPerTest(
            *(prompts.run_id, prompts.job_id, cluster, prompts.tests[test].id, prompts.tests[test].concept),
            *(*cell, *columns),
        )
        for cell, by_places in cells.items()
        for (cluster, test), columns in _columns(by_places, spans)
    ]
    return [*sums, *_distinct_sums(scored)]


def _columns(
    by_places: Mapping[tuple[int, ...], Sequence[OutcomeSeries]], spans: Mapping[tuple[int, ...], Sequence[Span]]
) -> Iterable[tuple[tuple[str, int], Columns]]:
    """By cluster and test the sums of a cell's series; of those with the same places all at once."""
    found: dict[tuple[str, int], Columns] = {}
    for places, alike in by_places.items():
        measures = tuple(series.measure for series in alike)
        totals = zip(*(_totals(series.values, spans[places]) for series in alike), strict=True)
        for (cluster, test, start, end), of_span in zip(spans[places], totals, strict=True):
            columns = measures, (end - start,) * len(measures), of_span
            known = found.get((cluster, test))
            found[cluster, test] = columns if known is None else _together(known, columns)
    return found.items()


def _totals(values: Sequence[float], spans: Sequence[Span]) -> Sequence[float]:
    # Of most measures nearly all values are 0, as of ties and echoes.
    return [fsum(values[start:end]) for *_, start, end in spans] if any(values) else [0.0] * len(spans)


def _together(one: Columns, other: Columns) -> Columns:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _spans(prompts: PromptJob, places: Sequence[int]) -> Iterator[Span]:
    if prompts.cluster == "sample":
        for index, place in enumerate(places):
            test, sample = divmod(place, prompts.samples)
            yield f"{prompts.job_id}/{sample}", test, index, index + 1
        return
    tests = [place // prompts.samples for place in places]
    for start, end in neighbours(tests, prompts.samples):
        yield prompts.job_id, tests[start], start, end


def _derived(outcomes: Iterable[OutcomeSeries]) -> Iterator[OutcomeSeries]:
    """Series that follow from others of the same comparisons; agreement for each metric with each other one."""
    named = {(series.metric, series.category, series.measure): series for series in outcomes}
    leaks: defaultdict[str, list[OutcomeSeries]] = defaultdict(list)
    for series in named.values():
        if series.measure == LEAK:
            leaks[series.category].append(series)
    for leak in chain.from_iterable(leaks.values()):
        for kind, without in WITHOUT.items():
            if known := named.get((leak.metric, leak.category, kind)):
                kept = [value == 0 for value in values_of(known.places, known.values, leak.places)]
                yield from _left(_like(leak, without, leak.values), kept)
        for other in leaks[leak.category]:
            if other.metric != leak.metric:
                yield from _agreement(leak, other)


def _agreement(leak: OutcomeSeries, other: OutcomeSeries) -> Iterator[OutcomeSeries]:
    values = values_of(other.places, other.values, leak.places)
    same = _like(leak, agreement_with(other.metric), tuple(map(float, map(eq, leak.values, values))))
    yield from _left(same, [value is not None for value in values])


def _like(series: OutcomeSeries, measure: str, values: tuple[float, ...]) -> OutcomeSeries:
    """Another measure of the same comparisons."""
    return OutcomeSeries(series.metric, measure, series.category, series.places, values)


def _left(series: OutcomeSeries, kept: Sequence[bool]) -> Iterator[OutcomeSeries]:
    """What is kept of a series; nothing where that is nothing."""
    if all(kept):
        yield series
    elif any(kept):
        places, values = tuple(compress(series.places, kept)), tuple(compress(series.values, kept))
        yield OutcomeSeries(series.metric, series.measure, series.category, places, values)


def _distinct_sums(scored: ScoredJob) -> Iterator[SumsPerTest]:
    """Different n-grams (`totals`) among all (`sizes`) in a job's answers to its tests, all samples, by metric and
    category: the metrics have no part in it, but every rate has all that is measured beside it."""
    prompts = scored.generated.job
    tests: defaultdict[str, set[int]] = defaultdict(set)
    for places, categories in _categories_by_places(scored.outcomes).items():
        answered = {place // prompts.samples for place in places}
        for category in categories:
            tests[category] |= answered
    metrics = sorted({series.metric for series in scored.outcomes})
    for category, positions in tests.items():
        texts = [
            answer.text
            for position in sorted(positions)
            for answer in scored.generated.tests[position]
            if answer.ended == "stop" or not lost(answer)
        ]
        found = {
            measure: counts
            for (measure, _), counts in zip(DISTINCT.items(), distinct_ngrams(texts, DISTINCT.values()), strict=True)
            if counts[1]
        }
        columns = tuple(found), tuple(n for _, n in found.values()), tuple(float(each) for each, _ in found.values())
        names = prompts.run_id, prompts.job_id, prompts.job_id, WHOLE_JOB, WHOLE_JOB, category
        for metric in metrics if found else ():
            yield SumsPerTest(*names, metric, *columns)


def _categories_by_places(outcomes: Iterable[OutcomeSeries]) -> Mapping[tuple[int, ...], dict[str, None]]:
    found: defaultdict[tuple[int, ...], dict[str, None]] = defaultdict(dict)
    for series in outcomes:
        found[series.places][series.category] = None
    return found


def sums_per_cluster(sums: Iterable[SumsPerTest]) -> list[SumsPerCluster]:
    """A job's sums by cluster, category and metric, whatever the test: all that a rate needs of them."""
    alike: defaultdict[tuple[str, str, str], defaultdict[tuple[str, ...], list[SumsPerTest]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in sums:
        alike[row.cluster, row.category, row.metric][tuple(row.measures)].append(row)
    return [SumsPerCluster(*names, *_added(by_measures)) for names, by_measures in alike.items()]


def _added(by_measures: Mapping[tuple[str, ...], Sequence[SumsPerTest]]) -> Columns:
    """Sums of tests added up by measure; those of tests that have the same measures are columns of one table."""
    sizes: defaultdict[str, int] = defaultdict(int)
    totals: defaultdict[str, list[float]] = defaultdict(list)
    for measures, rows in by_measures.items():
        of_sizes = zip(*(row.sizes for row in rows), strict=True)
        of_totals = zip(*(row.totals for row in rows), strict=True)
        for measure, size, total in zip(measures, of_sizes, of_totals, strict=True):
            sizes[measure] += sum(size)
            totals[measure] += total
    return tuple(sizes), tuple(sizes.values()), tuple(map(fsum, totals.values()))


def sample_sums(scored: ScoredJob) -> list[SampleSums]:
    """A job's leak scores by sample; none where each sample is a cluster of its own."""
    prompts = scored.generated.job
    if prompts.cluster == "sample":
        return []
    differ = _answers_differ(scored.generated)
    sums = []
    for series in scored.outcomes:
        if series.measure == LEAK:
            by_sample: defaultdict[int, list[float]] = defaultdict(list)
            for place, value in zip(series.places, series.values, strict=True):
                by_sample[place % prompts.samples].append(value)
            sizes, totals = list(map(len, by_sample.values())), list(map(fsum, by_sample.values()))
            names = prompts.run_id, prompts.job_id, series.metric, series.category, differ
            sums.append(SampleSums(*names, list(by_sample), sizes, totals))
    return sums


def _answers_differ(generated: GeneratedJob) -> bool:
    answered = (generated.control, generated.neutral, *generated.tests)
    return any(len({answer.text for answer in answers}) > 1 for answers in answered)
