"""The command that says how much a suite must be asked to find a change of a given size."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from cli.database import open_store
from cli.results import known_run, wide_console
from cli.suites import SuiteArgument, find_suite
from seep.errors import InputError
from seep.settings import load_settings
from seep.suites.loading import load_suite
from seep.suites.schema import PROMPT_PLACE, Suite
from services.aggregator.judgements import Judgements
from services.aggregator.judging import refuse_unjudgeable
from services.aggregator.rates import ALL
from services.aggregator.statistics.planning import Noise, Plan, noise_of_clusters, noise_of_rate
from services.aggregator.statistics.planning import plan as plan_comparison
from services.aggregator.statistics.verdicts import DELTA_POINTS

CHARACTERS_PER_TOKEN = 4
"""English under the usual tokenizers; a prompt's tokens are counted without loading one."""

Noises = dict[tuple[str, str], Noise]
"""By metric ("" for any) and category."""


@dataclass(frozen=True)
class Row:
    """What one metric and category takes."""

    metric: str
    category: str
    tests_per_job: list[int]
    plan: Plan


def plan(
    suite: SuiteArgument,
    detect: Annotated[float, typer.Option(min=0.1, max=100, help="The change to find, in points.")] = DELTA_POINTS,
    power: Annotated[float, typer.Option(min=0.05, max=0.99, help="How surely it is to be found.")] = 0.8,
    rate: Annotated[float | None, typer.Option(min=1, max=99, help="The leak rate to expect, in percent.")] = None,
    icc: Annotated[
        float | None, typer.Option(min=0, max=0.99, help="Correlation of comparisons within a job to expect.")
    ] = None,
    from_run: Annotated[str | None, typer.Option("--from", help="Take rate and correlation from this run.")] = None,
    tokens_per_second: Annotated[float, typer.Option(min=1, help="What the GPU generates, over all requests.")] = 5000,
) -> None:
    """Say how many samples, jobs, generations, tokens and GPU seconds finding a change between two runs takes.

    Found means p < 0.05. A warning tells where the suite's jobs are too few, however many samples are drawn.
    """
    loaded = load_suite(find_suite(suite))
    if not isinstance(loaded, Suite) or loaded.cluster != "job":
        raise InputError(
            f"suite {loaded.name}: only suites of the semantic probe that are clustered by job can be planned"
        )
    tests = _tests_per_job(loaded)
    noises = _noises(tests, rate, icc, from_run)
    rows = [
        Row(*cell, tests[cell[1]], plan_comparison(tests[cell[1]], loaded.decoding.samples, noise, detect / 100, power))
        for cell, noise in noises.items()
    ]
    _print_rows(rows, loaded, detect, power)
    samples = max((row.plan.samples for row in rows if row.plan.samples is not None), default=None)
    if samples is not None:
        _print_cost(loaded, samples, tokens_per_second)
    for row in rows:
        if row.plan.samples is None:
            bound = f"at most {100 * row.plan.most_power:.0f} % power with its {len(row.tests_per_job)} jobs"
            typer.echo(
                f"warning: category {row.category}: {bound}, however many samples; {row.plan.jobs} jobs would do"
            )


def _tests_per_job(suite: Suite) -> dict[str, list[int]]:
    """By category, and for all: the number of tests of each job that has any."""
    tests: defaultdict[str, list[int]] = defaultdict(list)
    for job in suite.jobs:
        for category in sorted({test.category for test in job.tests}):
            tests[category].append(sum(test.category == category for test in job.tests))
        tests[ALL].append(len(job.tests))
    return {**{category: tests[category] for category in sorted(tests.keys() - {ALL})}, ALL: tests[ALL]}


def _noises(tests: dict[str, list[int]], rate: float | None, icc: float | None, from_run: str | None) -> Noises:
    if from_run is not None and (rate, icc) == (None, None):
        found = _noises_of_run(from_run)
        return {cell: noise for cell, noise in found.items() if cell[1] in tests}
    if from_run is None and rate is not None and icc is not None:
        return {("", category): noise_of_rate(rate / 100, icc) for category in tests}
    raise InputError("plan: expected --rate and --icc, or --from RUN")


def _noises_of_run(run: str) -> Noises:
    with open_store(load_settings()) as store:
        refuse_unjudgeable(known_run(store, run))
        sums = Judgements(store).leak_sums([run])
        ties = {(rate.metric, rate.category): rate.measures.get("tie") for rate in store.rates(run)}
    clusters: defaultdict[tuple[str, str], defaultdict[str, list[tuple[float, int]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in sums:
        for category in (row.category, ALL):
            clusters[row.metric, category][row.job].append((row.total, row.n))
    noises = {}
    for cell, jobs in sorted(clusters.items(), key=lambda item: (item[0][0], item[0][1] == ALL, item[0][1])):
        of_jobs = [(sum(total for total, _ in of), sum(n for _, n in of)) for of in jobs.values()]
        tie = ties.get(cell)
        noises[cell] = noise_of_clusters(of_jobs, tie.share / 100 if tie else 0.0)
    return noises


def _print_rows(rows: list[Row], suite: Suite, detect: float, power: float) -> None:
    typer.echo(f"to find a change of {detect:g} points with {100 * power:g} % power (p < 0.05) between two runs")
    table = Table("category", "metric", box=None)
    for name in ("jobs", "tests", f"power at {suite.decoding.samples} samples", "samples needed", "or jobs"):
        table.add_column(name, justify="right")
    for row in rows:
        needed = "not reachable" if row.plan.samples is None else str(row.plan.samples)
        counts = (str(len(row.tests_per_job)), str(sum(row.tests_per_job)), f"{100 * row.plan.power:.0f} %")
        table.add_row(Text(row.category), row.metric, *counts, needed, str(row.plan.jobs))
    wide_console().print(table)


def _print_cost(suite: Suite, samples: int, tokens_per_second: float) -> None:
    frame = len(suite.format.system) + len(suite.format.user) - len(PROMPT_PLACE)
    prompts = [
        prompt
        for job in suite.jobs
        for prompt in (job.control, *([job.neutral] if job.neutral else []), *(test.prompt for test in job.tests))
    ]
    read = sum(len(prompt) + frame for prompt in prompts) // CHARACTERS_PER_TOKEN
    generations = samples * len(prompts)
    written = generations * suite.decoding.max_tokens
    typer.echo(f"one run of {samples} samples per prompt: {len(suite.jobs)} jobs, {generations} generations,")
    typer.echo(f"  about {read} tokens read and at most {written} written,")
    typer.echo(f"  about {written / tokens_per_second:.0f} GPU seconds at {tokens_per_second:g} tokens a second")
