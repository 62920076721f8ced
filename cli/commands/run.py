"""The command that does a whole run in one process, without a broker."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli import exit_codes
from cli.arguments import JsonOption, MetricsOption, SamplesOption, SuiteArgument, TargetOption
from cli.database import open_database
from cli.lookups import check_target, find_run, find_suite
from cli.rendering.rates import print_rates, print_rates_json
from results.storage import dead_jobs, runs
from seep.capabilities import check_probe
from seep.errors import InputError
from seep.settings import RecordedEngine, Settings, Target, load_settings
from seep.suites.jobs import check_run_id, manifest, new_run_id, prompt_jobs
from seep.suites.loading import load_suite

RECORDED = "recorded"


def run(
    suite: SuiteArgument,
    target: TargetOption = None,
    recorded: Annotated[Path | None, typer.Option(help="Take the answers from this recorded file.")] = None,
    metrics: MetricsOption = None,
    mode: Annotated[
        Literal["exact", "published"] | None,
        typer.Option(help="Score in this mode instead of scoring.mode; published: as the published tables."),
    ] = None,
    samples: SamplesOption = None,
    run_id: Annotated[str | None, typer.Option(help="The run's id.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a suite here and now, without a broker, and print its leak rates.

    For example: seep run colours --recorded answers.jsonl

    Exit code 0: all measured; 3: some jobs failed; 4: nothing could be measured.
    """
    settings, answering = _answering(load_settings(), target, recorded)
    if mode:
        settings = settings.model_copy(update={"scoring": settings.scoring.model_copy(update={"mode": mode})})
    loaded = load_suite(find_suite(suite))
    check_probe(settings, answering, loaded.probe)
    name = check_run_id(run_id) if run_id else new_run_id(loaded.name)
    jobs = prompt_jobs(loaded, run_id=name, target=answering, samples=samples)
    expected = manifest(loaded, run_id=name, target=answering, samples=samples, created_at=time.time())
    with ExitStack() as opened:
        database = opened.enter_context(open_database(settings))
        with database.snapshot() as connection:
            if runs.one(connection, name, settings.aggregation.stalled_after_seconds) is not None:
                raise InputError(f"--run-id {name}: there is a run of this id already")
        # Not above: the libraries behind it are the services' own, and other commands do without them.
        from cli.in_process import open_pipeline, run_jobs

        pipeline = open_pipeline(settings, answering, metrics.split(",") if metrics else None, loaded.probe)
        found = run_jobs(jobs, expected, pipeline, database, settings.worker.batch_size)
        with database.snapshot() as connection:
            dead = dead_jobs.reasons(connection, name)
            summary = find_run(connection, name, settings)
    if as_json:
        print_rates_json(found)
    else:
        print_rates(summary, found, dead)
    measured = any(rate.rate is not None for rate in found)
    raise typer.Exit(exit_codes.of_run(summary.state, measured))


def _answering(settings: Settings, target: str | None, recorded: Path | None) -> tuple[Settings, str]:
    """The settings to run with, and the target's name; a recorded file is an engine and a target of its own."""
    if (target is None) == (recorded is None):
        raise InputError("run: expected --target T or --recorded R.jsonl")
    if target is not None:
        check_target(settings, target)
        return settings, target
    assert recorded is not None
    engines = {**settings.engines, RECORDED: RecordedEngine(backend="recorded", file=recorded)}
    targets = {**settings.targets, RECORDED: Target(engine=RECORDED)}
    return settings.model_copy(update={"engines": engines, "targets": targets}), RECORDED
