"""The command that does whole runs on this machine, without a broker."""

from collections.abc import Sequence
from typing import Annotated

import typer

from cli import exit_codes
from cli.answering import Choice, who_answers
from cli.arguments import (
    EndpointUrl,
    JsonOption,
    KeyVariable,
    LabelOption,
    MetricsOption,
    Models,
    Recorded,
    SamplesOption,
    SuiteArgument,
    Targets,
)
from cli.database import announce_database, open_database
from cli.lookups import find_suite
from cli.one_run import Mode, RunRequest, do_run
from cli.rendering.models import print_models, print_models_json
from cli.rendering.output import echo
from cli.rendering.rates import print_rates, print_rates_json
from cli.several_runs import do_runs
from seep.capabilities import check_probe, check_system
from seep.errors import InputError
from seep.probes import PROBES
from seep.run_ids import check_run_id
from seep.settings import Settings, load_settings
from seep.settings.exposure import exposures
from seep.suites.jobs import check_labels, new_run_id
from seep.suites.loading import load_suite

ModeOption = Annotated[
    Mode | None, typer.Option(help="Score in this mode instead of scoring.mode; published: as the published tables.")
]


def run(
    suite: SuiteArgument,
    model: Models = None,
    endpoint: EndpointUrl = None,
    api_key_env: KeyVariable = None,
    target: Targets = None,
    recorded: Recorded = None,
    metrics: MetricsOption = None,
    mode: ModeOption = None,
    samples: SamplesOption = None,
    run_id: Annotated[str | None, typer.Option(help="The run's id.")] = None,
    label: LabelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a suite here and now, without a broker, and print its leak rates.

    For example: seep run colours --model Qwen/Qwen2.5-0.5B-Instruct

    If several models or targets are given, each is a run of its own, and one table has a row for each.

    Exit code 0: complete; 3: some jobs failed; 4: nothing could be measured. Of several runs it is the worst's.
    """
    settings = load_settings()
    path = find_suite(suite)
    loaded = load_suite(path)
    choice = Choice(tuple(target or ()), tuple(model or ()), endpoint, api_key_env, recorded)
    answering = who_answers(settings, choice)
    for each in answering:
        check_probe(each.configured(settings), each.target, loaded.probe)
        check_system(each.configured(settings), each.target, loaded)
    labels = check_labels(label or ())
    run_ids = _run_ids(run_id, loaded.name, len(answering))
    named = tuple(metrics.split(",")) if metrics else _metrics_at_hand(settings, loaded.probe)
    requests = [
        RunRequest(path, run, each, named, mode, samples, labels) for run, each in zip(run_ids, answering, strict=True)
    ]
    for line in exposures(settings):
        echo(f"warning: {line}", err=True)
    do = _one if len(requests) == 1 else _several
    raise typer.Exit(do(settings, requests, as_json))


def _run_ids(given: str | None, suite: str, count: int) -> list[str]:
    if given is None:
        return [new_run_id(suite) for _ in range(count)]
    if count > 1:
        raise InputError(f"--run-id {given}: is one run's, and {count} are asked for")
    return [check_run_id(given)]


def _metrics_at_hand(settings: Settings, probe: str) -> tuple[str, ...] | None:
    """The metrics whose models can be loaded, where the configuration names none: it is told what is left out."""
    from services.scorer.loading import loadable_metrics

    if "metrics" in settings.model_fields_set or not PROBES[probe].compares:
        return None
    found, missing = loadable_metrics(settings.metrics)
    for error in missing if found else ():
        echo(f"left out: {error}", err=True)
    return tuple(found) or None


def _one(settings: Settings, requests: Sequence[RunRequest], as_json: bool) -> int:
    finished = do_run(settings, requests[0])
    if as_json:
        print_rates_json(finished.rates, finished.reach)
    else:
        print_rates(finished.summary, finished.rates, finished.dead, finished.reach)
    return finished.exit_code


def _several(settings: Settings, requests: Sequence[RunRequest], as_json: bool) -> int:
    announce_database(settings)
    # Open all the while: what is embedded would else start and stop with each run.
    with open_database(settings):
        outcomes = do_runs(requests)
    labels = [request.answering.label for request in requests]
    if as_json:
        print_models_json(labels, outcomes)
    else:
        print_models(labels, outcomes)
    return exit_codes.worst(outcome.exit_code for outcome in outcomes)
