"""The command that says how much a suite must be asked to find a change of a given size."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Annotated

import typer

from cli.arguments import SuiteArgument
from cli.database import open_database
from cli.lookups import find_run, find_suite
from cli.rendering.output import echo
from cli.rendering.power import Row, print_cost, print_rows
from results.comparison import refuse_incomparable
from results.noise import CellNoise, jobs_of_cells, noise_of_cells
from results.rates import ALL
from results.statistics.noise import noise_of_rate
from results.statistics.power import analyse_power
from results.statistics.verdicts import DELTA_POINTS
from results.storage import rates as kept_rates
from results.storage import sums
from seep.errors import InputError
from seep.settings import load_settings
from seep.suites.loading import load_suite
from seep.suites.schema import Suite

DELTA = DELTA_POINTS / 100


def power(
    suite: SuiteArgument,
    effect: Annotated[float, typer.Option(min=0.1, max=100, help="The change to find, in points.")] = DELTA_POINTS,
    power: Annotated[float, typer.Option(min=0.05, max=0.99, help="How surely it is to be found.")] = 0.8,
    rate: Annotated[float | None, typer.Option(min=1, max=99, help="The leak rate to expect, in percent.")] = None,
    icc: Annotated[
        float | None,
        typer.Option(min=0, max=0.99, help="Correlation to expect between a job's comparisons in one sample."),
    ] = None,
    pilot: Annotated[str | None, typer.Option(help="Take rate and correlation from this run.", metavar="RUN")] = None,
    tokens_per_second: Annotated[float, typer.Option(min=1, help="What the GPU generates, over all requests.")] = 5000,
) -> None:
    """Say how many samples, jobs, generations, tokens and GPU seconds finding a change between two runs takes.

    For example: seep power colours --effect 5 --rate 70 --icc 0.1

    Found means p < 0.05. A warning names each category whose jobs are too few, however many samples are drawn.
    """
    loaded = load_suite(find_suite(suite))
    if not isinstance(loaded, Suite) or loaded.cluster != "job":
        raise InputError(
            f"suite {loaded.name}: only suites of the semantic probe that are clustered by job can be analysed"
        )
    tests = _tests_per_job(loaded)
    expected = _expected_noise(loaded.name, tests, rate, icc, pilot)
    # All cells that a comparison adjusts for. Where there is one category only, `all` is the same test once more.
    cells = expected.metrics * (len(tests) if len(tests) > 2 else 1)
    samples = loaded.decoding.samples
    try:
        rows = [
            Row(*cell, tests[cell[1]], analyse_power(tests[cell[1]], samples, noise, effect / 100, power, cells, DELTA))
            for cell, noise in expected.noises.items()
        ]
    except ValueError as error:
        raise InputError(f"--effect {effect:g}: {error}") from error
    print_rows(rows, cells, samples, effect, power)
    print_cost(rows, loaded, tokens_per_second)
    if expected.as_published:
        echo(f"run {pilot} has one sample: how much of its noise persists is taken from published answers")
    for warning in _warnings(rows, expected, tests, pilot):
        echo(f"warning: category {warning}")


def _expected_noise(
    suite: str, tests: dict[str, list[int]], rate: float | None, icc: float | None, pilot: str | None
) -> CellNoise:
    """From the options of the command; `tests` is by category. Raises InputError for options that do not go together,
    and where the pilot shows no noise."""
    if pilot is not None and (rate, icc) == (None, None):
        return _noise_of_pilot(pilot, suite, tests)
    if pilot is None and rate is not None and icc is not None:
        metrics = set(load_settings().metrics.names())
        noises = {("", category): noise_of_rate(rate / 100, icc) for category in tests}
        return CellNoise(noises, max(1, len(metrics)), {})
    raise InputError("power: expected --rate and --icc, or --pilot RUN")


def _noise_of_pilot(run_id: str, suite: str, tests: dict[str, list[int]]) -> CellNoise:
    settings = load_settings()
    with open_database(settings) as database, database.snapshot() as connection:
        summary = find_run(connection, run_id, settings)
        run_id = summary.run_id
        refuse_incomparable(summary)
        if summary.suite != suite:
            raise InputError(f"run {run_id}: it is a run of suite {summary.suite}, not of {suite}")
        jobs = jobs_of_cells(sums.leak_sums(connection, [run_id]), sums.sample_sums(connection, run_id))
        rates = kept_rates.of_run(connection, run_id)
    jobs = {cell: of_cell for cell, of_cell in jobs.items() if cell[1] in tests}
    if not jobs:
        raise InputError(f"run {run_id}: it has nothing measured of the categories of suite {suite}")
    ties = {(rate.metric, rate.category): rate.measures["tie"].share / 100 for rate in rates if "tie" in rate.measures}
    found = noise_of_cells(jobs, ties)
    if not found.noises:
        raise InputError(_instead(run_id, list(found.without_noise.values())[-1]))
    return found


def _warnings(rows: list[Row], expected: CellNoise, tests: dict[str, list[int]], pilot: str | None) -> Iterator[str]:
    """What cannot be found in which category, and which cannot be analysed."""
    for row in rows:
        if row.analysis.samples is None:
            named = f"{row.category}, {row.metric}" if row.metric else row.category
            bound = f"at most {100 * row.analysis.most_power:.0f} % power with its {len(row.tests_per_job)} jobs"
            yield f"{named}: {bound}, however many samples; {row.analysis.jobs} jobs would do"
    for category in sorted(tests.keys() - {category for _, category in (*expected.noises, *expected.without_noise)}):
        yield f"{category}: run {pilot} has nothing measured of it"
    for (metric, category), reason in expected.without_noise.items():
        yield f"{category}, {metric}: {_instead(pilot, reason)}"


def _tests_per_job(suite: Suite) -> dict[str, list[int]]:
    """By category, and for all: the number of tests of each job that has any."""
    tests: defaultdict[str, list[int]] = defaultdict(list)
    for job in suite.jobs:
        for category in sorted({test.category for test in job.tests}):
            tests[category].append(sum(test.category == category for test in job.tests))
        tests[ALL].append(len(job.tests))
    return {**{category: tests[category] for category in sorted(tests.keys() - {ALL})}, ALL: tests[ALL]}


def _instead(run_id: str | None, reason: str) -> str:
    """Says why a run does not show the noise, and what does."""
    return f"run {run_id}: {reason}: give --rate and --icc instead"
