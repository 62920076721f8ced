"""Small jobs, manifests and monitors, as tests put them into a store."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from seep.answers import Lost
from seep.outcomes import Outcome, Similarity, outcome_series, similarity_series, single_outcomes
from seep.records import (
    Answer,
    Cluster,
    Decoding,
    Ended,
    GeneratedJob,
    PromptFormat,
    PromptJob,
    PromptTest,
    RunManifest,
    ScoredJob,
)
from seep.settings import Monitor

METRICS = ("bert_score", "sentence_bert")
JOBS = 10
TOKEN = "swordfish"
MONITORS = {"watch": Monitor(target="stub", suite="colours.yaml", baseline="first")}
SendRun = Callable[..., None]
"""What the fixture `send_run` is."""


ENDINGS: Mapping[Lost, Ended] = {
    "refused": "refusal",
    "filtered": "filtered",
    "unfinished": "length",
    "unanswered": "no_content",
}


def answers(*texts: str) -> tuple[Answer, ...]:
    """Answers that came to their own end, one per text."""
    return tuple(map(Answer, texts))


def prompt_job(job_id: str = "job-1", **changes: Any) -> PromptJob:
    """A job of the semantic probe: a control, no neutral prompt and one test, with one sample; `changes` are fields."""
    job = PromptJob(
        run_id="run-1",
        job_id=job_id,
        target="stub",
        suite="colours",
        suite_version="1",
        suite_hash="hash",
        probe="semantic",
        language="en",
        cluster="job",
        prompt_format=PromptFormat("plain"),
        decoding=Decoding(0.5, 1.0, 10, "sentence"),
        samples=1,
        control="a control",
        neutral=None,
        tests=(PromptTest("t", "yellow", "a test", "1"),),
    )
    return replace(job, **changes)


def scored_job(
    job_id: str,
    leaks: Mapping[str, Sequence[float | Lost]],
    run_id: str = "run-1",
    target: str = "stub",
    cluster: Cluster = "job",
    concept: str = "yellow",
    text: str = "an answer",
    provenance: Mapping[str, str] | None = None,
    metrics: Sequence[str] = METRICS,
) -> ScoredJob:
    """The scored job `job`: one test per category, with the leak scores of its samples, or why these were lost."""
    samples = len(next(iter(leaks.values())))
    tests = [PromptTest(f"t{k}", concept, f"{concept} prompt {k}", category) for k, category in enumerate(leaks)]
    prompts = prompt_job(job_id, run_id=run_id, target=target, cluster=cluster, samples=samples, tests=tuple(tests))
    scores = [
        (metric, test, sample, value)
        for metric in metrics
        for test, values in zip(tests, leaks.values(), strict=True)
        for sample, value in enumerate(values)
    ]
    return ScoredJob(
        GeneratedJob(
            prompts,
            answers(text) * samples,
            (),
            tuple(tuple(_answer(text, value) for value in values) for values in leaks.values()),
            provenance or {"model": "m"},
        ),
        outcomes=outcome_series(
            (
                Outcome(metric, measure, test.category, test.id, sample, value)
                for metric, test, sample, leak in scores
                for measure, value in _measures(leak)
            ),
            prompts,
        ),
        similarities=similarity_series(
            (
                Similarity(metric, test.id, sample, 0.75, 0.25)
                for metric, test, sample, leak in scores
                if not isinstance(leak, str)
            ),
            prompts,
        ),
        provenance={"embedder": "e"},
    )


def job_of_concepts(job_id: str, leaks: Mapping[str, float], run_id: str) -> ScoredJob:
    """A scored job with a test of each concept, all in category 1, with one sample's leak score."""
    made = scored_job(job_id, {concept: [leak] for concept, leak in leaks.items()}, run_id)
    tests = tuple(
        replace(test, concept=test.category, prompt=f"{test.category}?", category="1")
        for test in made.generated.job.tests
    )
    generated = replace(made.generated, job=replace(made.generated.job, tests=tests))
    return with_outcomes(
        replace(made, generated=generated), [replace(outcome, category="1") for outcome in single_outcomes(made)]
    )


def with_outcomes(job: ScoredJob, outcomes: Iterable[Outcome]) -> ScoredJob:
    """The job with these outcomes in the place of its own."""
    return replace(job, outcomes=outcome_series(outcomes, job.generated.job))


def single_similarities(job: ScoredJob) -> list[Similarity]:
    """The similarities of a job whose tests' answers all have one, comparison by comparison."""
    prompts = job.generated.job
    by_arm: dict[tuple[str, str], dict[int, float]] = {
        (each.metric, each.arm): dict(zip(each.places, each.values, strict=True)) for each in job.similarities
    }
    return [
        Similarity(
            *(metric, prompts.tests[place // prompts.samples].id, place % prompts.samples, value),
            *(by_arm.get((metric, other), {}).get(place) for other in ("control", "neutral")),
        )
        for (metric, arm), values in by_arm.items()
        if arm == "test"
        for place, value in values.items()
    ]


def _answer(text: str, leak: float | Lost) -> Answer:
    return Answer("", ENDINGS[leak]) if isinstance(leak, str) else Answer(text)


def _measures(leak: float | Lost) -> tuple[tuple[str, float], ...]:
    return ((leak, 1.0),) if isinstance(leak, str) else (("leak", leak), ("tie", float(leak == 0.5)), ("echo", 0.0))


def run_manifest(jobs: int, comparisons: Mapping[str, int], run_id: str = "run-1", **changes: Any) -> RunManifest:
    """The manifest of a run of so many jobs, with so many comparisons per category."""
    facts: dict[str, Any] = {
        "target": "stub",
        "suite": "colours",
        "suite_version": "1",
        "suite_hash": "hash",
        "probe": "semantic",
        "cluster": "job",
        "samples": 1,
        "created_at": 1000.0,
    }
    return RunManifest(run_id=run_id, job_count=jobs, expected_comparisons=comparisons, **facts | changes)
