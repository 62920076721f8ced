"""The three handlers chained in one process; between them the records pass through the codec, as they do in Kafka."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TypeVar

# What torch's C++ parts warn of at each load, as of NUMA, is nobody's to change here; they read this when they load.
os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")

from cli.failures import ending
from cli.rendering.consoles import progress_bars
from cli.termination import undisturbed
from results.dead_jobs import DeadJob
from results.storage.database import Database
from results.storage.rates import of_run
from results.storage.recording import record
from seep import codec
from seep.errors import InputError, Unavailable
from seep.probes import DEFAULT_PROBE, PROBES
from seep.records import Failure, GeneratedJob, LeakRate, PromptJob, RunManifest, ScoredJob
from seep.settings import Settings
from services.generator.engines import engine_named, open_backend
from services.generator.generating import generate_jobs
from services.scorer.canary import Canary
from services.scorer.loading import load_metrics
from services.scorer.mode import configured_mode
from services.scorer.scoring import score_jobs
from services.scorer.similarity import Metric

Record = TypeVar("Record")


@dataclass(frozen=True)
class Generated:
    """What the generator made of a batch: generated jobs, and the jobs that failed there."""

    jobs: list[GeneratedJob]
    dead: list[DeadJob]


@dataclass(frozen=True)
class Pipeline:
    """Generator and scorer as functions; a job that fails is dead, as it would be on seep.dead-letters."""

    metrics: Mapping[str, Metric]
    generator: Callable[[Sequence[PromptJob]], list[GeneratedJob | Failure]]
    scorer: Callable[[Sequence[GeneratedJob]], list[ScoredJob | Failure]]

    def generate(self, jobs: Sequence[PromptJob]) -> Generated:
        """Generates one batch."""
        sent = [codec.decode_prompt_job(codec.encode_prompt_job(job)) for job in jobs]
        results, dead = _split("generator", sent, self.generator(sent))
        return Generated(results, dead)

    def score(self, generated: Generated) -> tuple[list[ScoredJob], list[DeadJob]]:
        """Scores one batch; returns what is to be recorded of it: scored jobs and dead ones, of both stages."""
        sent = [codec.decode_generated_job(codec.encode_generated_job(job)) for job in generated.jobs]
        results, dead = _split("scorer", [job.job for job in sent], self.scorer(sent))
        return [codec.decode_scored_job(codec.encode_scored_job(job)) for job in results], generated.dead + dead


def open_pipeline(
    settings: Settings, target: str, metrics: Sequence[str] | None, probe: str = DEFAULT_PROBE
) -> Pipeline:
    """Loads the target's engine and, where the probe compares, the metrics (all configured, where none are named).

    Raises InputError for what cannot be loaded, and for metrics that the probe has no use for.
    """
    engine = settings.targets[target].engine
    compares = PROBES[probe].compares
    if metrics and not compares:
        raise InputError(f"--metrics: the {probe} probe compares nothing, and takes none")
    loaded, provenance = load_metrics(settings.metrics, settings.scoring, metrics) if compares else ({}, {})
    provenance["canary"] = Canary(loaded).verdict()
    targets = {target: settings.targets[target]}
    mode = configured_mode(settings.scoring)
    backend = open_backend(engine_named(settings, engine), f"engines.{engine}", targets)
    return Pipeline(
        metrics=loaded,
        generator=lambda jobs: _available(generate_jobs(jobs, backend, targets)),
        scorer=lambda jobs: score_jobs(jobs, loaded, mode, provenance),
    )


def run_jobs(
    jobs: Sequence[PromptJob],
    manifest: RunManifest,
    pipeline: Pipeline,
    database: Database,
    batch: int,
    named: Callable[[str], str] = str,
) -> list[LeakRate]:
    """Runs the jobs of a run batch by batch into the database, with progress bars; returns its rates, as written.

    If it is broken off, the run is cancelled with the reason, as `named` says it.
    """
    with database.transaction() as connection:
        record(connection, [], [], [manifest])
    with _cancelled_by_errors(manifest, database, named):
        _run_batches(jobs, pipeline, database, batch)
    with database.snapshot() as connection:
        return of_run(connection, manifest.run_id)


def _run_batches(jobs: Sequence[PromptJob], pipeline: Pipeline, database: Database, batch: int) -> None:
    with progress_bars() as progress:
        bars = {stage: progress.add_task(stage, total=len(jobs)) for stage in ("generated", "scored", "recorded")}
        for start in range(0, len(jobs), batch):
            part = jobs[start : start + batch]
            generated = pipeline.generate(part)
            progress.advance(bars["generated"], len(part))
            scored, dead = pipeline.score(generated)
            progress.advance(bars["scored"], len(part))
            with database.transaction() as connection:
                record(connection, scored, dead, [])
            progress.advance(bars["recorded"], len(part))


@contextmanager
def _cancelled_by_errors(manifest: RunManifest, database: Database, named: Callable[[str], str]) -> Iterator[None]:
    """Whatever ends the block early ends the run: nobody else will go on with it."""
    try:
        yield
    except BaseException as error:
        # The connection may have been interrupted in the midst of a statement; and the database may be the reason.
        database.close()
        with undisturbed(), suppress(Unavailable), database.transaction() as connection:
            record(connection, [], [], [replace(manifest, cancelled=True, reason=named(ending(error)))])
        raise


def _available(results: Sequence[Record | Unavailable]) -> list[Record]:
    """Raises what is in the way of any job: here nobody is to wait for it."""
    available: list[Record] = []
    for result in results:
        if isinstance(result, Unavailable):
            raise result
        available.append(result)
    return available


def _split(
    stage: str, jobs: Sequence[PromptJob], results: Sequence[Record | Failure]
) -> tuple[list[Record], list[DeadJob]]:
    done: list[Record] = []
    dead: list[DeadJob] = []
    for job, result in zip(jobs, results, strict=True):
        if isinstance(result, Failure):
            dead.append(DeadJob(job.run_id, job.job_id, stage, result.reason))
        else:
            done.append(result)
    return done, dead
