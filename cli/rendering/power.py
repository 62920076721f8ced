"""A power analysis as tables: what each category takes, and what a run costs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cli.rendering.output import DataTable, counted, echo
from cli.rendering.tables import print_table
from results.rates import ALL
from results.statistics.change_power import MOST_JOBS, MOST_SAMPLES, SPREADS, ChangePlan, Needed, Spread
from results.statistics.power import Power, PowerAnalysis
from results.statistics.verdicts import DELTA_POINTS
from seep.shares import rounded
from seep.suites.schema import PROMPT_PLACE, AnySuite

CHARACTERS_PER_TOKEN = 4
"""English under the usual tokenizers; a prompt's tokens are counted without loading one."""


NAMES: Mapping[Spread, str] = {"alike": "alike", "jobs": "whole jobs", "concepts": "concepts"}


@dataclass(frozen=True)
class Row:
    """What one metric and category takes: between models, and of one target where its samples differ."""

    metric: str
    category: str
    tests_per_job: Sequence[int]
    analysis: PowerAnalysis
    plan: ChangePlan | None


def print_of_one_target(rows: Sequence[Row], suite: AnySuite, effect: float, power: float) -> None:
    """What two runs of one target show; `effect` in points, `power` in [0, 1]."""
    purpose = f"to find a change of {effect:g} points with {100 * power:g} % power (p < 0.05)"
    if any(row.plan is None for row in rows):
        echo(f"{purpose}: at temperature 0 samples are alike, so runs of one target exchange jobs too")
        return
    echo(f"{purpose} between two runs of one target, whose samples change places")
    samples = suite.decoding.samples
    spreads = [spread for spread in SPREADS if all(row.plan and spread in row.plan.found for row in rows)]
    shown = _of_one_target(spreads, "jobs", "tests")
    needed = _of_one_target(spreads)
    for row, plan in ((row, row.plan) for row in rows if row.plan):
        found = (f"{_percent(plan.found[spread].p)} / {_percent(plan.found[spread].drift)} %" for spread in spreads)
        counts = (str(len(row.tests_per_job)), str(sum(row.tests_per_job)))
        shown.add_row(row.category, row.metric, *counts, *found, f"{_percent(plan.ok)} %")
        needed.add_row(
            row.category, row.metric, *(_needed(plan.needed[spread]) for spread in spreads), _needed(plan.ok_needed)
        )
    echo(f"found, and verdict drift, at {counted(samples, 'sample')} (the worse direction)")
    print_table(shown)
    echo(f"samples needed for {100 * power:g} %, or jobs")
    print_table(needed)
    whole = ", ".join(NAMES[spread] for spread in spreads if spread != "alike")
    echo(f"alike: every comparison is as likely to change; {whole}: as few as can make the change, wholly")
    decides = f"the row of {ALL} decides" if any(row.category == ALL for row in rows) else "all rows must be"
    echo(f"ok: how surely an unchanged target is called so; {decides}")


def _of_one_target(spreads: Sequence[Spread], *counts: str) -> DataTable:
    table = DataTable("category", "metric")
    for name in (*counts, *(NAMES[spread] for spread in spreads), "ok"):
        table.add_column(name, justify="right")
    return table


def _percent(share: float) -> str:
    return rounded(100 * share, 0)


def _needed(needed: Needed) -> str:
    samples = f"> {MOST_SAMPLES}" if needed.samples is None else str(needed.samples)
    return f"{samples} or {f'> {MOST_JOBS}' if needed.jobs is None else needed.jobs}"


def print_between_models(rows: Sequence[Row], cells: int, own_samples: int) -> None:
    """What each metric and category takes between models; `own_samples` are the suite's."""
    echo("between two models, whose jobs change places; they keep 80 % of what jobs and tests have of their own")
    table = DataTable("category", "metric")
    for name in (f"power at {counted(own_samples, 'sample')}", "drift", "samples", "or jobs"):
        table.add_column(name, justify="right")
    for row in rows:
        needed = "not reachable" if row.analysis.samples is None else str(row.analysis.samples)
        table.add_row(
            row.category,
            row.metric,
            _both_ways(row.analysis.power),
            _both_ways(row.analysis.drift),
            needed,
            str(row.analysis.jobs),
        )
    print_table(table)
    echo(
        f"drift: how surely that is the verdict, which asks for at least {DELTA_POINTS:g} points as measured, and for p"
        f" adjusted over {counted(cells, 'test')}"
    )


def _both_ways(power: Power) -> str:
    ways = {"down": power.down, "up": power.up}
    return " / ".join(f"{_percent(share)} % {way}" for way, share in ways.items() if share is not None)


def print_cost(rows: Sequence[Row], suite: AnySuite, tokens_per_second: float) -> None:
    """What a run costs: as the suite is; with the samples or the jobs that find a change of one target wherever it is,
    and what finds one between models; as far as these are within reach."""
    own = suite.decoding.samples
    variants = {"as the suite is": (own, 1.0)}
    plans = [(row, needed) for row in rows if row.plan for needed in row.plan.needed.values()]
    of_samples = [needed.samples for _, needed in plans if needed.samples is not None]
    of_jobs = [needed.jobs / len(row.tests_per_job) for row, needed in plans if needed.jobs is not None]
    if of_samples:
        variants["one target, samples"] = (max(of_samples), 1.0)
    if of_jobs:
        variants["one target, jobs"] = (own, max(of_jobs))
    between = [row.analysis.samples for row in rows if row.analysis.samples is not None]
    if between:
        variants["models, samples"] = (max(between), 1.0)
    variants["models, jobs"] = (own, max(row.analysis.jobs / len(row.tests_per_job) for row in rows))
    table = DataTable("a run")
    for name in ("samples", "jobs", "generations", "tokens read", "written, at most", "GPU seconds"):
        table.add_column(name, justify="right")
    for name, (samples, times) in variants.items():
        cost = _cost(suite, samples, times)
        table.add_row(name, *map(str, cost), f"{cost[-1] / tokens_per_second:.0f}")
    print_table(table)
    echo(f"GPU seconds at {tokens_per_second:g} tokens a second")


def _cost(suite: AnySuite, samples: int, times: float) -> tuple[int, int, int, int, int]:
    """Samples, jobs, generations, tokens read and written, of a suite of so many times as many jobs of its kind."""
    frame = len(suite.format.system) + len(suite.format.user) - len(PROMPT_PLACE)
    prompts = [
        prompt
        for job in suite.jobs
        for prompt in (job.control, job.neutral, *(test.prompt for test in job.tests), *(t.control for t in job.tests))
        if prompt is not None
    ]
    read = sum(len(prompt) + frame for prompt in prompts) / CHARACTERS_PER_TOKEN
    jobs = math.ceil(times * len(suite.jobs))
    generations = math.ceil(samples * times * len(prompts))
    return samples, jobs, generations, math.ceil(times * read), generations * suite.decoding.max_tokens
