"""From a scored job to what is kept of it: sums per test for ever, comparisons with their texts for a time."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from results.statistics.diversity import distinct_ngrams
from seep.answers import LOST, lost
from seep.records import Answer, GeneratedJob, Outcome, PromptJob, PromptTest, ScoredJob

LEAK = "leak"
PUBLISHED = "published"
"""The leak score against the control, where the neutral arm's makes the headline."""
PLACEBO = "placebo"
ECHO = "echo"
ECHO_FREE_LEAK = "echo_free_leak"
COREFERENT = "coreferent"
COREFERENCE_FREE_LEAK = "coreference_free_leak"
WITHOUT = {ECHO: ECHO_FREE_LEAK, COREFERENT: COREFERENCE_FREE_LEAK}
"""By a measure that says what a comparison is, the leak score of those that are not it."""
DISTINCT: Mapping[str, int] = {"distinct_1": 1, "distinct_2": 2}
ANY_LOST = frozenset(LOST)
WHOLE_JOB = ""
"""In place of test and concept in sums that belong to all of a job's answers in a category together."""


ByComparison = dict[tuple[str, int, str], dict[str, dict[str, float]]]
"""Values by test, sample and category, then by metric, then by measure."""


def agreement_with(metric: str) -> str:
    """The measure under which another metric's sums say how often the two give a comparison the same leak score."""
    return f"agreement:{metric}"


@dataclass(frozen=True)
class PerTestSum:
    """`total` of the `n` values of one measure over one test's samples; over one sample where that is the cluster."""

    run_id: str
    job_id: str
    cluster: str
    test: str
    concept: str
    category: str
    metric: str
    measure: str
    n: int
    total: float


@dataclass(frozen=True)
class SampleSums:
    """One job's leak scores of a metric and category by sample: the `totals` of so many (`sizes`), in one order.

    All of a sample's tests share its answer to the control. `differ` says whether any of the job's prompts has answers
    that differ.
    """

    run_id: str
    job_id: str
    metric: str
    category: str
    differ: bool
    samples: Sequence[int]
    sizes: Sequence[int]
    totals: Sequence[float]


@dataclass(frozen=True)
class CategorySum:
    """`total` of `n` values of one measure that share a cluster and a category."""

    cluster: str
    category: str
    metric: str
    measure: str
    n: int
    total: float


@dataclass(frozen=True)
class CellSums:
    """One measure of a cell, a category or a concept: of each of its clusters, which is there once, how many values it
    has (`sizes`) and their total, in one order."""

    cell: str
    metric: str
    measure: str
    clusters: Sequence[str]
    sizes: Sequence[int]
    totals: Sequence[float]


@dataclass(frozen=True)
class ConceptSum:
    """`total` of the `n` leak scores that share a metric, a category, a cluster and a concept."""

    metric: str
    category: str
    cluster: str
    concept: str
    n: int
    total: float


@dataclass(frozen=True)
class Comparison:
    """One comparison for drill-down: outcomes as metric -> measure -> value, similarities as metric -> [to test,
    to control, to neutral arm]. All of an arm that the job does not have is empty."""

    run_id: str
    job_id: str
    test: str
    sample: int
    category: str
    concept: str
    prompt: str
    generation: str
    ended: str
    reasoning: str
    model: str
    control_prompt: str
    control_generation: str
    control_ended: str
    control_reasoning: str
    control_model: str
    neutral_prompt: str
    neutral_generation: str
    neutral_ended: str
    neutral_reasoning: str
    neutral_model: str
    outcomes: dict[str, dict[str, float]]
    similarities: dict[str, list[float | None]]


@dataclass(frozen=True)
class Place:
    """Where a comparison stands in the list of its run's comparisons."""

    sample: int
    job_id: str
    test: str
    category: str


def per_test_sums(scored: ScoredJob) -> list[PerTestSum]:
    """The sums of a job's outcomes, and of what follows from them and from its texts; the job must be a valid one.

    `echo_free_leak` is the leak score of the comparisons without an echo, `coreference_free_leak` of those whose answer
    does more than go on about the thing that has the concept. `agreement:<other>` says whether another
    metric gives a comparison the same leak score. `distinct_1` and `distinct_2` are shares of different n-grams.
    """
    prompts = scored.generated.job
    concepts = {test.id: test.concept for test in prompts.tests}
    grouped: defaultdict[tuple[str, str, str, str, str], list[float]] = defaultdict(list)
    for outcome in chain(scored.outcomes, _derived(scored.outcomes)):
        cluster = _cluster(prompts, outcome)
        grouped[cluster, outcome.test, outcome.category, outcome.metric, outcome.measure].append(outcome.value)
    sums = [
        PerTestSum(
            prompts.run_id,
            prompts.job_id,
            cluster,
            test,
            concepts[test],
            category,
            metric,
            measure,
            len(values),
            math.fsum(values),
        )
        for (cluster, test, category, metric, measure), values in grouped.items()
    ]
    return [*sums, *_distinct_sums(scored)]


def _derived(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Outcomes that follow from others of the same comparison; agreement for each metric with each other one."""
    for (test, sample, category), of_metrics in _by_comparison(outcomes).items():
        leaks = {metric: measures[LEAK] for metric, measures in of_metrics.items() if LEAK in measures}
        for metric, leak in leaks.items():
            for kind, without in WITHOUT.items():
                if of_metrics[metric].get(kind) == 0:
                    yield Outcome(metric, without, category, test, sample, leak)
            for other, other_leak in leaks.items():
                if other != metric:
                    yield Outcome(metric, agreement_with(other), category, test, sample, float(leak == other_leak))


def _distinct_sums(scored: ScoredJob) -> Iterator[PerTestSum]:
    """Different n-grams (`total`) among all (`n`) in a job's answers to its tests, all samples, by metric and category:
    the metrics have no part in it, but every rate has all that is measured beside it."""
    prompts = scored.generated.job
    texts = {
        test.id: [answer.text for answer in samples if not lost(answer)]
        for test, samples in zip(prompts.tests, scored.generated.tests, strict=True)
    }
    tests: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for outcome in scored.outcomes:
        tests[outcome.category][outcome.test] = None
    metrics = sorted({outcome.metric for outcome in scored.outcomes})
    for category, answered in tests.items():
        for measure, length in DISTINCT.items():
            different, n = distinct_ngrams((text for test in answered for text in texts[test]), length)
            for metric in metrics if n else ():
                names = (
                    prompts.run_id,
                    prompts.job_id,
                    prompts.job_id,
                    WHOLE_JOB,
                    WHOLE_JOB,
                    category,
                    metric,
                    measure,
                )
                yield PerTestSum(*names, n, float(different))


def _by_comparison(outcomes: Iterable[Outcome]) -> ByComparison:
    grouped: defaultdict[tuple[str, int, str], dict[str, dict[str, float]]] = defaultdict(dict)
    for outcome in outcomes:
        measures = grouped[outcome.test, outcome.sample, outcome.category].setdefault(outcome.metric, {})
        measures[outcome.measure] = outcome.value
    return grouped


def _cluster(prompts: PromptJob, outcome: Outcome) -> str:
    return f"{prompts.job_id}/{outcome.sample}" if prompts.cluster == "sample" else prompts.job_id


def sums_per_cluster(sums: Iterable[PerTestSum]) -> list[CategorySum]:
    """A job's sums by cluster, category, metric and measure, whatever the test: all that a rate needs of them."""
    parts: defaultdict[tuple[str, str, str, str], list[PerTestSum]] = defaultdict(list)
    for row in sums:
        parts[row.cluster, row.category, row.metric, row.measure].append(row)
    return [
        CategorySum(*key, sum(row.n for row in rows), math.fsum(row.total for row in rows))
        for key, rows in parts.items()
    ]


def sample_sums(scored: ScoredJob) -> list[SampleSums]:
    """A job's leak scores by sample; none where each sample is a cluster of its own."""
    prompts = scored.generated.job
    if prompts.cluster == "sample":
        return []
    grouped: defaultdict[tuple[str, str], defaultdict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for outcome in scored.outcomes:
        if outcome.measure == LEAK:
            grouped[outcome.metric, outcome.category][outcome.sample].append(outcome.value)
    differ = _answers_differ(scored.generated)
    return [
        SampleSums(
            prompts.run_id,
            prompts.job_id,
            *cell,
            differ,
            list(of_cell),
            [len(values) for values in of_cell.values()],
            [math.fsum(values) for values in of_cell.values()],
        )
        for cell, of_cell in grouped.items()
    ]


def _answers_differ(generated: GeneratedJob) -> bool:
    answered = (generated.control, generated.neutral, *generated.tests)
    return any(len({answer.text for answer in answers}) > 1 for answers in answered)


def comparisons(scored: ScoredJob) -> list[Comparison]:
    """A job's comparisons with their texts; the job must be a valid one.

    Of an answer that counts in several categories, its text is kept for those alone where it counts for something; of
    one that was lost, which counts alike in all, for the first.
    """
    outcomes = _by_comparison(scored.outcomes)
    similarities: defaultdict[tuple[str, int], dict[str, list[float | None]]] = defaultdict(dict)
    for similarity in scored.similarities:
        to_arms = [similarity.to_test, similarity.to_control, similarity.to_neutral]
        similarities[similarity.test, similarity.sample][similarity.metric] = to_arms
    generated = scored.generated
    controls = generated.test_controls or (generated.control,) * len(generated.tests)
    arms = zip(generated.job.tests, generated.tests, controls, strict=True)
    answered = {test.id: (test, answers, of_control) for test, answers, of_control in arms}
    return [
        _comparison(generated, *answered[test], sample, category, measured, similarities[test, sample])
        for (test, sample, category), measured in _kept(outcomes)
    ]


def _kept(outcomes: ByComparison) -> Iterator[tuple[tuple[str, int, str], dict[str, dict[str, float]]]]:
    """The comparisons of which the texts are kept."""
    scored_in = Counter((test, sample) for test, sample, _ in outcomes)
    lost_ones: set[tuple[str, int]] = set()
    for (test, sample, category), measured in outcomes.items():
        if scored_in[test, sample] > 1:
            if (test, sample) in lost_ones or not any(any(measures.values()) for measures in measured.values()):
                continue
            if not all(map(ANY_LOST.isdisjoint, measured.values())):
                lost_ones.add((test, sample))
        yield (test, sample, category), measured


def _comparison(
    generated: GeneratedJob,
    test: PromptTest,
    answers: tuple[Answer, ...],
    controls: tuple[Answer, ...],
    sample: int,
    category: str,
    outcomes: dict[str, dict[str, float]],
    similarities: dict[str, list[float | None]],
) -> Comparison:
    prompts = generated.job
    control = controls[sample] if controls else None
    neutral = generated.neutral[sample] if generated.neutral else None
    place = (prompts.run_id, prompts.job_id, test.id, sample, category)
    answered = (test.expected or test.concept, test.prompt, *_parts(answers[sample]))
    control_prompt = test.control or prompts.control or ""
    others = (control_prompt, *_parts(control), prompts.neutral or "", *_parts(neutral))
    return Comparison(*place, *answered, *others, outcomes, similarities)


def _parts(answer: Answer | None) -> tuple[str, str, str, str]:
    return (answer.text, answer.ended, answer.reasoning, answer.model) if answer else ("", "", "", "")
