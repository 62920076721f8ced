"""The command that shows what the instrument does on a known truth."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from calibration.engine import FOLDER, exact_engine
from cli.arguments import MetricsOption
from cli.database import open_database
from cli.lookups import find_run
from cli.rendering.known_truth import lies_inside, truth_table, what_it_says
from cli.rendering.output import echo
from cli.rendering.tables import print_table
from seep.errors import InputError
from seep.probes import DEFAULT_PROBE
from seep.records import LeakRate
from seep.settings import Scoring, Settings, Target, load_settings
from seep.suites.jobs import manifest, new_run_id, prompt_jobs
from seep.suites.loading import load_suite

TARGET = "calibration"


def calibrate(
    probe: Annotated[
        str, typer.Argument(help="Whose known truth: semantic, recall, position or sway.", metavar="[PROBE]")
    ] = DEFAULT_PROBE,
    metrics: MetricsOption = None,
    prepare: Annotated[
        bool,
        typer.Option("--prepare", help="Only train the model, unless it is trained already, and print where it is."),
    ] = False,
) -> None:
    """Measure a small model whose true leak rates are known, through the real chain, and compare.

    Exit code 1 if more true rates lie outside their intervals than chance allows, or one was not measured.
    """
    # torch and the models' libraries are this command's alone.
    from calibration.model import KNOWN, current_model, ensure_model
    from calibration.truth import surprising

    if probe not in KNOWN:
        raise InputError(f"probe {probe}: expected one of {', '.join(KNOWN)}")
    trained = current_model(FOLDER) if probe == DEFAULT_PROBE else ensure_model(FOLDER, probe)
    if prepare:
        echo(str(trained))
        return
    settings = _with_model(load_settings(), trained / "model")
    measured, true = _measure(settings, trained, probe, metrics.split(",") if metrics else None)
    print_table(truth_table(measured, true))
    if unknown := sum(rate.rate is None for rate in measured):
        echo(f"{unknown} of {len(measured)} rates were not measured; `seep rates {measured[0].run_id}` says why")
        raise typer.Exit(1)
    outside = sum(not lies_inside(rate, true[rate.metric, rate.category]) for rate in measured)
    beyond_chance = surprising(outside, len(measured))
    for line in what_it_says(outside, len(measured), beyond_chance=beyond_chance):
        echo(line)
    if beyond_chance:
        raise typer.Exit(1)


def _measure(
    settings: Settings, trained: Path, probe: str, metrics: list[str] | None
) -> tuple[list[LeakRate], Mapping[tuple[str, str], float]]:
    """The measured rates, and the true ones by metric and category."""
    from calibration.model import KNOWN
    from cli.in_process import open_pipeline, run_jobs

    suite = load_suite(trained / "suite.yaml")
    run = new_run_id(suite.name)
    jobs = prompt_jobs(suite, run_id=run, target=TARGET)
    with ExitStack() as opened:
        database = opened.enter_context(open_database(settings))
        pipeline = open_pipeline(settings, TARGET, metrics, probe)
        expected = manifest(suite, run_id=run, target=TARGET, created_at=time.time())
        measured = run_jobs(jobs, expected, pipeline, database, settings.worker.batch_size)
        with database.snapshot() as connection:
            state = find_run(connection, run, settings).state
        if state != "complete":
            raise InputError(f"run {run}: not all of its jobs could be measured; `seep rates {run}` says why")
    return measured, KNOWN[probe].truths(trained, pipeline.metrics)


def _with_model(settings: Settings, model: Path) -> Settings:
    # The truth is enumerated without rounding.
    changed = {
        "engines": {TARGET: exact_engine(model)},
        "targets": {TARGET: Target(engine=TARGET)},
        "scoring": Scoring(),
    }
    return settings.model_copy(update=changed)
