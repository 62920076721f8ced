"""A whole run in this process: as it was asked for, and what came of it."""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cli.answering import Answering
from cli.database import announce_database, open_database
from cli.lookups import find_run
from cli.outcomes import Finished
from results.storage import dead_jobs, runs
from results.storage.database import Database
from results.storage.rates import reaches_of
from seep.errors import InputError, Unavailable
from seep.settings import ActivationsEngine, Settings, VllmEngine
from seep.suites.jobs import manifest, prompt_jobs
from seep.suites.loading import load_suite

Mode = Literal["exact", "published"]


@dataclass(frozen=True)
class RunRequest:
    """One run as it was asked for; what is None is as the suite and the configuration say."""

    suite: Path
    run_id: str
    answering: Answering
    metrics: tuple[str, ...] | None = None
    mode: Mode | None = None
    samples: int | None = None
    labels: tuple[str, ...] = ()


def do_run(settings: Settings, request: RunRequest, *, announced: bool = False) -> Finished:
    """Does the run; raises InputError and Unavailable, with the options that a person has given in their messages.

    Unless it is `announced` already, it says where the results are kept once it begins.
    """
    settings = _with_mode(request.answering.configured(settings), request.mode)
    try:
        return _do_run(settings, request, announced)
    except InputError as error:
        raise InputError(request.answering.named(str(error))) from error
    except Unavailable as error:
        raise Unavailable(request.answering.named(str(error))) from error


def _do_run(settings: Settings, request: RunRequest, announced: bool) -> Finished:
    suite = load_suite(request.suite)
    target, name = request.answering.target, request.run_id
    check_engine(settings, target)
    jobs = prompt_jobs(suite, run_id=name, target=target, samples=request.samples)
    expected = manifest(
        suite,
        run_id=name,
        target=target,
        samples=request.samples,
        created_at=time.time(),
        labels=request.labels,
    )
    with ExitStack() as opened:
        database = opened.enter_context(open_database(settings))
        _refuse_known(database, name, settings)
        # Not above: the libraries behind it are the services' own, and other commands do without them.
        from cli.in_process import open_pipeline, run_jobs

        pipeline = open_pipeline(settings, target, request.metrics, suite.probe)
        if not announced:
            announce_database(settings)
        rates = run_jobs(jobs, expected, pipeline, database, settings.worker.batch_size, request.answering.named)
        with database.snapshot() as connection:
            summary = find_run(connection, name, settings)
            reach, dead = reaches_of(connection, summary, rates), dead_jobs.reasons(connection, name)
        return Finished(summary, tuple(rates), tuple(reach), tuple(dead))


def check_engine(settings: Settings, target: str) -> None:
    """Raises InputError for a model that is not at hand: at once, before a database or a metric is opened."""
    from services.generator.engines import check_model, engine_named

    name = settings.targets[target].engine
    engine = engine_named(settings, name)
    if isinstance(engine, VllmEngine | ActivationsEngine):
        check_model(engine, f"engines.{name}")


def _with_mode(settings: Settings, mode: Mode | None) -> Settings:
    if mode is None:
        return settings
    return settings.model_copy(update={"scoring": settings.scoring.model_copy(update={"mode": mode})})


def _refuse_known(database: Database, run_id: str, settings: Settings) -> None:
    with database.snapshot() as connection:
        known = runs.one(connection, run_id, settings.aggregation.stalled_after_seconds)
    if known is not None:
        raise InputError(f"--run-id {run_id}: there is a run of this id already, {known.state}; give another id")
