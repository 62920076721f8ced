"""A power analysis as tables: what each category takes, and what a run costs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cli.rendering.consoles import wide_console
from cli.rendering.output import DataTable, echo
from results.statistics.power import Power, PowerAnalysis
from results.statistics.verdicts import DELTA_POINTS
from seep.suites.schema import PROMPT_PLACE, Suite

CHARACTERS_PER_TOKEN = 4
"""English under the usual tokenizers; a prompt's tokens are counted without loading one."""


@dataclass(frozen=True)
class Row:
    """What one metric and category takes."""

    metric: str
    category: str
    tests_per_job: Sequence[int]
    analysis: PowerAnalysis


def print_rows(rows: Sequence[Row], cells: int, own_samples: int, effect: float, power: float) -> None:
    """What each metric and category takes; `effect` in points, `power` in [0, 1], `own_samples` the suite's."""
    echo(f"to find a change of {effect:g} points with {100 * power:g} % power (p < 0.05) between two runs")
    table = DataTable("category", "metric")
    for name in ("jobs", "tests", f"power at {own_samples} samples", "drift", "samples needed", "or jobs"):
        table.add_column(name, justify="right")
    for row in rows:
        needed = "not reachable" if row.analysis.samples is None else str(row.analysis.samples)
        counts = (str(len(row.tests_per_job)), str(sum(row.tests_per_job)))
        table.add_row(
            row.category,
            row.metric,
            *counts,
            _both_ways(row.analysis.power),
            _both_ways(row.analysis.drift),
            needed,
            str(row.analysis.jobs),
        )
    wide_console().print(table)
    echo(
        f"drift: how surely that is the verdict, which asks for at least {DELTA_POINTS:g} points as measured, and for p"
        f" adjusted over {cells} {'test' if cells == 1 else 'tests'}"
    )


def _both_ways(power: Power) -> str:
    ways = {"down": power.down, "up": power.up}
    return " / ".join(f"{100 * share:.0f} % {way}" for way, share in ways.items() if share is not None)


def print_cost(rows: Sequence[Row], suite: Suite, tokens_per_second: float) -> None:
    """What a run costs: as the suite is; with the samples that are needed, where they are enough; or with the jobs."""
    own = suite.decoding.samples
    variants = {"as the suite is": (own, 1.0)}
    needed = [row.analysis.samples for row in rows if row.analysis.samples is not None]
    if needed:
        variants["with the samples needed"] = (max(needed), 1.0)
    variants["or with the jobs"] = (own, max(row.analysis.jobs / len(row.tests_per_job) for row in rows))
    table = DataTable("a run")
    for name in ("samples", "jobs", "generations", "tokens read", "tokens written, at most", "GPU seconds"):
        table.add_column(name, justify="right")
    for name, (samples, times) in variants.items():
        cost = _cost(suite, samples, times)
        table.add_row(name, *map(str, cost), f"{cost[-1] / tokens_per_second:.0f}")
    wide_console().print(table)
    echo(f"GPU seconds at {tokens_per_second:g} tokens a second")


def _cost(suite: Suite, samples: int, times: float) -> tuple[int, int, int, int, int]:
    """Samples, jobs, generations, tokens read and written, of a suite of so many times as many jobs of its kind."""
    frame = len(suite.format.system) + len(suite.format.user) - len(PROMPT_PLACE)
    prompts = [
        prompt
        for job in suite.jobs
        for prompt in (job.control, *([job.neutral] if job.neutral else []), *(test.prompt for test in job.tests))
    ]
    read = sum(len(prompt) + frame for prompt in prompts) / CHARACTERS_PER_TOKEN
    jobs = math.ceil(times * len(suite.jobs))
    generations = math.ceil(samples * times * len(prompts))
    return samples, jobs, generations, math.ceil(times * read), generations * suite.decoding.max_tokens
