"""From a scored job to what is kept of it: sums per test for ever, comparisons with their texts for a time."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from seep.records import GeneratedJob, Outcome, PromptJob, PromptTest, ScoredJob


@dataclass(frozen=True)
class PerTestSum:
    """`total` of the `n` values of one measure over one test's samples; over one sample where that is the cluster."""

    run: str
    job: str
    cluster: str
    test: str
    concept: str
    category: str
    metric: str
    measure: str
    n: int
    total: float


@dataclass(frozen=True)
class CellSum:
    """`total` of `n` values of one measure that share a cluster and a cell: a category, or a concept."""

    cluster: str
    cell: str
    metric: str
    measure: str
    n: int
    total: float


@dataclass(frozen=True)
class Comparison:
    """One comparison for drill-down: outcomes as metric -> measure -> value, similarities as metric -> [to test,
    to control]; the control's texts are empty where the probe compares with none."""

    run: str
    job: str
    test: str
    sample: int
    category: str
    concept: str
    prompt: str
    generation: str
    control_prompt: str
    control_generation: str
    outcomes: dict[str, dict[str, float]]
    similarities: dict[str, list[float]]


def per_test_sums(scored: ScoredJob) -> list[PerTestSum]:
    """The sums of a job's outcomes; the job must be without `flaw`."""
    prompts = scored.generated.prompts
    concepts = {test.id: test.concept for test in prompts.tests}
    values: defaultdict[tuple[str, str, str, str, str], list[float]] = defaultdict(list)
    for outcome in scored.outcomes:
        cluster = _cluster(prompts, outcome)
        values[cluster, outcome.test, outcome.category, outcome.metric, outcome.measure].append(outcome.value)
    return [
        PerTestSum(
            prompts.run, prompts.job, cluster, test, concepts[test], category, metric, measure, len(of), math.fsum(of)
        )
        for (cluster, test, category, metric, measure), of in values.items()
    ]


def _cluster(prompts: PromptJob, outcome: Outcome) -> str:
    return f"{prompts.job}/{outcome.sample}" if prompts.cluster == "sample" else prompts.job


def cell_sums(sums: Iterable[PerTestSum], by: Literal["category", "concept"]) -> Iterator[CellSum]:
    """The same sums without their tests, as rates are made of them."""
    for row in sums:
        cell = row.category if by == "category" else row.concept
        yield CellSum(row.cluster, cell, row.metric, row.measure, row.n, row.total)


def comparisons(scored: ScoredJob) -> list[Comparison]:
    """A job's comparisons with their texts; the job must be without `flaw`.

    Of an answer that counts in several categories, its text is kept for those alone where it counts for something.
    """
    outcomes: defaultdict[tuple[str, int, str], dict[str, dict[str, float]]] = defaultdict(dict)
    for outcome in scored.outcomes:
        measures = outcomes[outcome.test, outcome.sample, outcome.category].setdefault(outcome.metric, {})
        measures[outcome.measure] = outcome.value
    similarities: defaultdict[tuple[str, int], dict[str, list[float]]] = defaultdict(dict)
    for similarity in scored.similarities:
        pair = [similarity.to_test, similarity.to_control]
        similarities[similarity.test, similarity.sample][similarity.metric] = pair
    judged = Counter((test, sample) for test, sample, _ in outcomes)
    generated = scored.generated
    tests = zip(generated.prompts.tests, generated.tests, strict=True)
    answered = {test.id: (test, answers) for test, answers in tests}
    return [
        _comparison(generated, *answered[test], sample, category, measured, similarities[test, sample])
        for (test, sample, category), measured in outcomes.items()
        if judged[test, sample] == 1 or any(any(measures.values()) for measures in measured.values())
    ]


def _comparison(
    generated: GeneratedJob,
    test: PromptTest,
    answers: tuple[str, ...],
    sample: int,
    category: str,
    outcomes: dict[str, dict[str, float]],
    similarities: dict[str, list[float]],
) -> Comparison:
    return Comparison(
        run=generated.prompts.run,
        job=generated.prompts.job,
        test=test.id,
        sample=sample,
        category=category,
        concept=test.concept,
        prompt=test.prompt,
        generation=answers[sample],
        control_prompt=generated.prompts.control or "",
        control_generation=generated.control[sample] if generated.control else "",
        outcomes=outcomes,
        similarities=similarities,
    )
