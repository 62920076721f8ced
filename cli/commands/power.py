"""The command that says how much a suite must be asked to find a change of a given size."""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from cli.commands.results import wide_console
from cli.commands.suites import SuiteArgument, find_suite
from cli.noise import Expected, expected_noise, instead
from results.rates import ALL
from results.statistics.planning import Plan, Power
from results.statistics.planning import plan as plan_comparison
from results.statistics.verdicts import DELTA_POINTS
from seep.errors import InputError
from seep.suites.loading import load_suite
from seep.suites.schema import PROMPT_PLACE, Suite

CHARACTERS_PER_TOKEN = 4
"""English under the usual tokenizers; a prompt's tokens are counted without loading one."""

DELTA = DELTA_POINTS / 100


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
        float | None, typer.Option(min=0, max=0.99, help="Correlation to expect of a job's comparisons in one sample.")
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
    expected = expected_noise(loaded.name, tests, rate, icc, from_run)
    # All cells that a comparison adjusts for. Where there is one category only, `all` is the same test once more.
    cells = expected.metrics * (len(tests) if len(tests) > 2 else 1)
    try:
        rows = [
            Row(*cell, of, plan_comparison(of, loaded.decoding.samples, noise, detect / 100, power, cells, DELTA))
            for cell, noise in expected.noises.items()
            for of in [tests[cell[1]]]
        ]
    except ValueError as error:
        raise InputError(f"--detect {detect:g}: {error}") from error
    _print_rows(rows, cells, loaded, detect, power)
    _print_cost(rows, loaded, tokens_per_second)
    if expected.as_published:
        why = f"run {from_run} has one sample, or its texts are deleted"
        typer.echo(f"{why}: how much of its noise persists from run to run is taken from published answers")
    for warning in _warnings(rows, expected, tests, from_run):
        typer.echo(f"warning: category {warning}")


def _warnings(rows: list[Row], expected: Expected, tests: dict[str, list[int]], from_run: str | None) -> Iterator[str]:
    """What cannot be found in which category, and of which there is no plan."""
    for row in rows:
        if row.plan.samples is None:
            named = f"{row.category}, {row.metric}" if row.metric else row.category
            bound = f"at most {100 * row.plan.most_power:.0f} % power with its {len(row.tests_per_job)} jobs"
            yield f"{named}: {bound}, however many samples; {row.plan.jobs} jobs would do"
    for category in sorted(tests.keys() - {category for _, category in (*expected.noises, *expected.unshown)}):
        yield f"{category}: run {from_run} has nothing measured of it"
    for (metric, category), reason in expected.unshown.items():
        yield f"{category}, {metric}: {instead(from_run, reason)}"


def _tests_per_job(suite: Suite) -> dict[str, list[int]]:
    """By category, and for all: the number of tests of each job that has any."""
    tests: defaultdict[str, list[int]] = defaultdict(list)
    for job in suite.jobs:
        for category in sorted({test.category for test in job.tests}):
            tests[category].append(sum(test.category == category for test in job.tests))
        tests[ALL].append(len(job.tests))
    return {**{category: tests[category] for category in sorted(tests.keys() - {ALL})}, ALL: tests[ALL]}


def _print_rows(rows: list[Row], cells: int, suite: Suite, detect: float, power: float) -> None:
    typer.echo(f"to find a change of {detect:g} points with {100 * power:g} % power (p < 0.05) between two runs")
    table = Table("category", "metric", box=None)
    for name in ("jobs", "tests", f"power at {suite.decoding.samples} samples", "drift", "samples needed", "or jobs"):
        table.add_column(name, justify="right")
    for row in rows:
        needed = "not reachable" if row.plan.samples is None else str(row.plan.samples)
        counts = (str(len(row.tests_per_job)), str(sum(row.tests_per_job)))
        table.add_row(
            Text(row.category),
            row.metric,
            *counts,
            _both_ways(row.plan.power),
            _both_ways(row.plan.drift),
            needed,
            str(row.plan.jobs),
        )
    wide_console().print(table)
    typer.echo(
        f"drift: how surely that is the verdict, which asks for at least {DELTA_POINTS:g} points as measured, and for p"
        f" adjusted over {cells} {'test' if cells == 1 else 'tests'}"
    )


def _both_ways(power: Power) -> str:
    ways = {"down": power.down, "up": power.up}
    return " / ".join(f"{100 * of:.0f} % {way}" for way, of in ways.items() if of is not None)


def _print_cost(rows: list[Row], suite: Suite, tokens_per_second: float) -> None:
    """What a run costs: as the suite is; with the samples that are needed, where they are enough; or with the jobs."""
    own = suite.decoding.samples
    asked = {"as the suite is": (own, 1.0)}
    needed = [row.plan.samples for row in rows]
    enough = [of for of in needed if of is not None]
    if enough:
        asked["with the samples needed"] = (max(enough), 1.0)
    asked["or with the jobs"] = (own, max(row.plan.jobs / len(row.tests_per_job) for row in rows))
    table = Table("a run", box=None)
    for name in ("samples", "jobs", "generations", "tokens read", "tokens written, at most", "GPU seconds"):
        table.add_column(name, justify="right")
    for name, (samples, times) in asked.items():
        cost = _cost(suite, samples, times)
        table.add_row(name, *map(str, cost), f"{cost[-1] / tokens_per_second:.0f}")
    wide_console().print(table)
    typer.echo(f"GPU seconds at {tokens_per_second:g} tokens a second")


def _cost(suite: Suite, samples: int, times: float) -> tuple[int, int, int, int, int]:
    """Samples, jobs, generations, tokens read and written, of a suite of so many times as many jobs of its kind."""
    frame = len(suite.format.system) + len(suite.format.user) - len(PROMPT_PLACE)
    prompts = [
        prompt
        for job in suite.jobs
        for prompt in (job.control, *([job.neutral] if job.neutral else []), *(test.prompt for test in job.tests))
    ]
    read = sum(len(prompt) + frame for prompt in prompts) / CHARACTERS_PER_TOKEN
    jobs, asked = math.ceil(times * len(suite.jobs)), times * len(prompts)
    generations = math.ceil(samples * asked)
    return samples, jobs, generations, math.ceil(times * read), generations * suite.decoding.max_tokens
