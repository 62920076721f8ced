"""A migrated store, and small scored jobs and manifests to put into it."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from seep.records import (
    Cluster,
    Decoding,
    GeneratedJob,
    Outcome,
    PromptFormat,
    PromptJob,
    PromptTest,
    RunManifest,
    ScoredJob,
    Similarity,
)
from seep.settings import Monitor
from services.aggregator.aggregating import judge_finished
from services.aggregator.judgements import Judgements
from services.aggregator.migrate import migrate
from services.aggregator.store import Store

METRICS = ("bert_score", "sentence_bert")
JOBS = 10
MONITORS = {"watch": Monitor(target="stub", suite="colours.yaml", baseline="first")}  # type: ignore[arg-type]


@pytest.fixture
def dsn(postgres_dsn: str) -> str:
    """A database with the current schema."""
    migrate(postgres_dsn)
    return postgres_dsn


@pytest.fixture
def store(dsn: str) -> Iterator[Store]:
    """A store on a database of its own."""
    with Store.open(dsn) as opened:
        yield opened


def _scored(
    job: str,
    leaks: Mapping[str, Sequence[float]],
    run: str = "run-1",
    target: str = "stub",
    cluster: Cluster = "job",
    concept: str = "yellow",
    text: str = "an answer",
    provenance: Mapping[str, str] | None = None,
    metrics: Sequence[str] = METRICS,
) -> ScoredJob:
    samples = len(next(iter(leaks.values())))
    tests = [PromptTest(f"t{k}", concept, f"{concept} prompt {k}", category) for k, category in enumerate(leaks)]
    prompts = PromptJob(
        run=run,
        job=job,
        target=target,
        suite="colours",
        suite_version="1",
        suite_hash="hash",
        probe="semantic",
        language="en",
        cluster=cluster,
        prompt_format=PromptFormat("plain"),
        decoding=Decoding(0.5, 1.0, 10, "sentence"),
        samples=samples,
        control="a control",
        neutral=None,
        tests=tuple(tests),
    )
    scores = [
        (metric, test, sample, value)
        for metric in metrics
        for test, values in zip(tests, leaks.values(), strict=True)
        for sample, value in enumerate(values)
    ]
    return ScoredJob(
        GeneratedJob(prompts, (text,) * samples, (), ((text,) * samples,) * len(tests), provenance or {"model": "m"}),
        outcomes=tuple(
            Outcome(metric, measure, test.category, test.id, sample, value)
            for metric, test, sample, leak in scores
            for measure, value in (("leak", leak), ("tie", float(leak == 0.5)), ("echo", 0.0))
        ),
        similarities=tuple(Similarity(metric, test.id, sample, 0.75, 0.25) for metric, test, sample, _ in scores),
        provenance={"embedder": "e"},
    )


@pytest.fixture(scope="session")
def scored() -> Callable[..., ScoredJob]:
    """Makes the scored job `job`: one test per category, with the leak scores of its samples."""
    return _scored


@pytest.fixture(scope="session")
def manifest() -> Callable[..., RunManifest]:
    """Makes a manifest of `jobs` jobs with so many comparisons per category."""

    def make(jobs: int, comparisons: Mapping[str, int], run: str = "run-1", **changes: Any) -> RunManifest:
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
        return RunManifest(run=run, jobs=jobs, comparisons=comparisons, **facts | changes)

    return make


@pytest.fixture
def judgements(store: Store) -> Judgements:
    """What is concluded of the store's runs."""
    return Judgements(store)


@pytest.fixture
def send_run(
    store: Store, scored: Callable[..., ScoredJob], manifest: Callable[..., RunManifest]
) -> Callable[..., None]:
    """Records a run of ten jobs with ten samples, leaking at a rate, and has it judged for its monitor."""

    def send(
        run: str, rate: float, monitor: str = "watch", jobs: int = JOBS, created_at: float = 1.0, **changes: object
    ) -> None:
        draw = random.Random(run)
        leaks = [[float(draw.random() < rate) for _ in range(10)] for _ in range(jobs)]
        facts = {"samples": 10, "monitor": monitor, "created_at": created_at}
        expected = manifest(JOBS, {"1": 10 * JOBS}, run=run, **facts)
        made = [scored(f"j{k}", {"1": of}, run=run, metrics=["m"], **changes) for k, of in enumerate(leaks)]
        store.record(made, [], [expected])
        judge_finished(store, run, MONITORS)

    return send
