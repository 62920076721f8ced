"""The command that says how much a suite must be asked to find a change of a given size."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence, Set
from typing import Annotated

import typer

from cli.arguments import SuiteArgument
from cli.database import open_database
from cli.lookups import find_run, find_suite
from cli.rendering.output import counted, echo
from cli.rendering.power import Row, print_between_models, print_cost, print_of_one_target
from results.comparison import Cell, refuse_incomparable
from results.noise import CellNoise, jobs_of_cells, noise_of_cells
from results.rates import ALL
from results.statistics.change_power import SPREADS, Design, plan_change
from results.statistics.noise import Noise, noise_of_rate
from results.statistics.power import analyse_power
from results.statistics.verdicts import DELTA_POINTS
from results.storage import rates as kept_rates
from results.storage import sums
from seep.errors import InputError
from seep.probes import PROBES
from seep.settings import load_settings
from seep.shares import beside, rounded
from seep.suites.loading import load_suite
from seep.suites.schema import AnySuite, Suite

DELTA = DELTA_POINTS / 100
PLANNED = ("semantic", "position", "sway", "recall")
"""Probes whose promises were checked against what simulated comparisons find (benchmarks/RESULTS.md)."""
USUAL_ICC = 0.1
"""Of published answers, whose categories have 0.05 to 0.2."""


def power(
    suite: SuiteArgument,
    effect: Annotated[float, typer.Option(min=0.1, max=100, help="The change to find, in points.")] = DELTA_POINTS,
    power: Annotated[float, typer.Option(min=0.05, max=0.99, help="How surely it is to be found.")] = 0.8,
    rate: Annotated[float | None, typer.Option(min=1, max=99, help="The leak rate to expect, in percent.")] = None,
    icc: Annotated[
        float | None,
        typer.Option(
            min=0, max=0.99, help="Correlation to expect between a job's comparisons in one sample; 0.1 with --rate."
        ),
    ] = None,
    pilot: Annotated[str | None, typer.Option(help="Take rate and correlation from this run.", metavar="RUN")] = None,
    tokens_per_second: Annotated[float, typer.Option(min=1, help="What the GPU generates, over all requests.")] = 5000,
) -> None:
    """Say how many samples, jobs, generations, tokens and GPU seconds finding a change between two runs takes.

    For example: seep power colours --effect 5 --rate 70

    Found means p < 0.05. Runs of one target come first: a change alike everywhere, in whole jobs or in whole concepts,
    and how surely an unchanged target is called ok. Then two models. A warning names each category whose jobs are too
    few, however many samples are drawn.
    """
    loaded = load_suite(find_suite(suite))
    if loaded.probe not in PLANNED or loaded.cluster != "job":
        raise InputError(
            f"suite {loaded.name}: expected one of the probes {', '.join(PLANNED)} that is clustered by job"
        )
    jobs = _concepts_of_jobs(loaded)
    expected = _expected_noise(loaded, jobs, rate, icc, pilot)
    # What p is adjusted over: the categories and `all`, by the mean of the metrics. One category alone is `all` too.
    cells = len(jobs) if len(jobs) > 2 or ALL not in jobs else 1
    try:
        rows = [
            _row(loaded, cell, jobs[cell[1]], noise, effect / 100, power, cells)
            for cell, noise in expected.noises.items()
        ]
    except ValueError as error:
        raise InputError(f"--effect {effect:g}: {error}") from error
    print_of_one_target(rows, loaded, effect, power)
    print_between_models(rows, cells, loaded.decoding.samples)
    print_cost(rows, loaded, tokens_per_second)
    if rate is not None and icc is None:
        echo(
            f"--icc is not given: a job's comparisons are taken to correlate by {USUAL_ICC:g}, as in published answers"
            f"{'' if isinstance(loaded, Suite) else ' of the semantic probe; a --pilot knows better'}"
        )
    if expected.as_published:
        echo(f"run {pilot} has one sample: how much of its noise persists is taken from published answers")
    for warning in _warnings(rows, power, expected, jobs.keys(), pilot):
        echo(f"warning: category {warning}")


def _row(
    suite: AnySuite,
    cell: Cell,
    jobs: Sequence[tuple[str, ...]],
    noise: Noise,
    effect: float,
    wanted: float,
    cells: int,
) -> Row:
    tests, samples = [len(concepts) for concepts in jobs], suite.decoding.samples
    analysis = analyse_power(tests, samples, noise, effect, wanted, cells, DELTA)
    # At temperature 0 samples are copies of each other, and never change places.
    drawn = suite.decoding.temperature > 0
    # Elsewhere a concept is a text or an option, and nothing that jobs have in common.
    spreads = [spread for spread in SPREADS if isinstance(suite, Suite) or spread != "concepts"]
    design = Design(tuple(jobs), samples)
    plan = plan_change(design, noise, effect, wanted, cells, DELTA, spreads) if drawn else None
    return Row(*cell, tests, analysis, plan)


def _expected_noise(
    suite: AnySuite, categories: Collection[str], rate: float | None, icc: float | None, pilot: str | None
) -> CellNoise:
    """From the options of the command. Raises InputError for options that do not go together, and where the pilot shows
    no noise."""
    if pilot is not None and (rate, icc) == (None, None):
        return _noise_of_pilot(pilot, suite, categories)
    if pilot is None and rate is not None:
        noise = noise_of_rate(rate / 100, USUAL_ICC if icc is None else icc, _shared(suite))
        return CellNoise({("", category): noise for category in categories}, {})
    raise InputError("power: expected --rate, with --icc or without, or --pilot RUN")


def _shared(suite: AnySuite) -> bool:
    """Whether the tests of a job are compared with one answer of a control or neutral arm."""
    return PROBES[suite.probe].needs_control


def _noise_of_pilot(run_id: str, suite: AnySuite, categories: Collection[str]) -> CellNoise:
    settings = load_settings()
    with open_database(settings) as database, database.snapshot() as connection:
        summary = find_run(connection, run_id, settings)
        run_id = summary.run_id
        refuse_incomparable(summary)
        if summary.suite != suite.name:
            raise InputError(f"run {run_id}: it is a run of suite {summary.suite}, not of {suite.name}")
        jobs = jobs_of_cells(sums.leak_sums(connection, run_id), sums.sample_sums(connection, run_id))
        rates = kept_rates.of_run(connection, run_id)
    jobs = {cell: of_cell for cell, of_cell in jobs.items() if cell[1] in categories}
    if not jobs:
        raise InputError(f"run {run_id}: it has nothing measured of the categories of suite {suite.name}")
    ties = {(rate.metric, rate.category): rate.measures["tie"].share / 100 for rate in rates if "tie" in rate.measures}
    found = noise_of_cells(jobs, ties, _shared(suite))
    if not found.noises:
        raise InputError(_instead(run_id, list(found.without_noise.values())[-1]))
    return found


def _warnings(
    rows: list[Row], wanted: float, expected: CellNoise, categories: Set[str], pilot: str | None
) -> Iterator[str]:
    """What cannot be found in which category, and which cannot be analysed."""
    for row in rows:
        if row.analysis.samples is None:
            named = f"{row.category}, {row.metric}" if row.metric else row.category
            # It must not read as the power that it falls short of.
            share = 100 * row.analysis.most_power
            most = rounded(share, 0) if share < 1 else beside(share, 100 * wanted, 0)
            bound = f"at most {most} % power with its {counted(len(row.tests_per_job), 'job')}"
            yield f"{named}: between models {bound}, however many samples; {row.analysis.jobs} jobs would do"
    for category in sorted(categories - {category for _, category in (*expected.noises, *expected.without_noise)}):
        yield f"{category}: run {pilot} has nothing measured of it"
    for (metric, category), reason in expected.without_noise.items():
        yield f"{category}, {metric}: {_instead(pilot, reason)}"


def _concepts_of_jobs(suite: AnySuite) -> dict[str, list[tuple[str, ...]]]:
    """By category: the concepts of the tests of each job that has any; for all too, if each test is of one category."""
    found: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
    for job in suite.jobs:
        concepts: defaultdict[str, list[str]] = defaultdict(list)
        for test in job.tests:
            for category in suite.categories_of(test):
                concepts[category].append(test.concept)
        for category, of_tests in concepts.items():
            found[category].append(tuple(of_tests))
    by_category = {category: found[category] for category in sorted(found)}
    if any(len(suite.categories_of(test)) > 1 for job in suite.jobs for test in job.tests):
        return by_category
    return by_category | {ALL: [tuple(test.concept for test in job.tests) for job in suite.jobs]}


def _instead(run_id: str | None, reason: str) -> str:
    """Says why a run does not show the noise, and what does."""
    return f"run {run_id}: {reason}: give --rate instead"
