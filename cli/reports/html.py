"""A report as one file that opens from disk and prints: the pages' own templates, with the style sheet in it."""

import shlex
import time
from collections.abc import Sequence
from importlib.metadata import version

from markupsafe import Markup

from cli.lookups import BUILT_IN_SUITES
from cli.reports.gathering import Report, RunReport
from results.rates import ALL
from results.runs import RunSummary
from services.api.ui import words
from services.api.ui.models import Row, against_diversity, side_by_side
from services.api.ui.monitor import trend_chart
from services.api.ui.reach import few_concepts, other_concepts
from services.api.ui.rendering import asset, environment

MOST_CATEGORIES = 60


def as_html(report: Report, texts: bool) -> str:
    """The file's text; `texts` says whether it may hold prompts and answers."""
    style = Markup(asset("style.css").decode())  # this project's own file
    return (
        environment()
        .get_template("report.html")
        .render(
            report=report,
            groups=_side_by_side(report.runs),
            sections=[_section(each, report.baseline) for each in report.runs],
            texts=texts,
            style=style,
            made_at=time.time(),
            version=version("seep"),
            root="",
        )
    )


def _section(of_run: RunReport, baseline: str | None) -> dict[str, object]:
    metrics = list(dict.fromkeys(rate.metric for rate in of_run.rates))
    overall = [rate for rate in of_run.rates if rate.category == ALL]
    trends = {metric: [point for point in of_run.trend if point.rate.metric == metric] for metric in metrics}
    reference = {run.run_id for run in of_run.comparison.reference} if of_run.comparison else set()
    return {
        "headlines": overall,
        "by_metric": {
            metric: [rate for rate in of_run.rates if rate.metric == metric][:MOST_CATEGORIES] for metric in metrics
        },
        "hidden": max(0, len(of_run.rates) // max(len(metrics), 1) - MOST_CATEGORIES),
        "few": few_concepts(of_run.reach),
        "others": other_concepts(of_run.rates, of_run.reach),
        "doubts_found": words.doubts_of_all(overall, of_run.run),
        "once_more": once_more(of_run.run, baseline),
        "trends": trends,
        "charts": {
            metric: trend_chart(points, reference, None) for metric, points in trends.items() if len(points) > 1
        },
    }


def _side_by_side(runs: Sequence[RunReport]) -> dict[str, dict[str, tuple[list[Row], str]]]:
    """By suite and metric the rows, with their chart, of runs that were asked the same."""
    groups: dict[str, dict[str, tuple[list[Row], str]]] = {}
    by_hash: dict[str, list[RunReport]] = {}
    for each in runs:
        by_hash.setdefault(each.run.suite_hash, []).append(each)
    for alike in by_hash.values():
        if len(alike) > 1:
            rows = side_by_side([each.run for each in alike], {each.run.run_id: each.rates for each in alike})
            name = f"{alike[0].run.suite} {alike[0].run.suite_version}"
            groups[name] = {
                metric: (of_metric, against_diversity(metric, of_metric)) for metric, of_metric in rows.items()
            }
    return groups


def once_more(run: RunSummary, baseline: str | None) -> list[str]:
    """The commands that ask the same again; a suite of one's own is a file, whose place nobody has kept."""
    built_in = (BUILT_IN_SUITES / f"{run.suite}.yaml").is_file()
    suite = run.suite if built_in else f"{run.suite}.yaml"
    if run.monitor:
        first = ["seep", "push", "--monitor", run.monitor]
    elif run.provenance.get("engine") == "recorded":
        first = ["seep", "run", suite, "--recorded", run.provenance.get("model", "FILE")]
    else:
        first = ["seep", "run", suite, "--target", run.target]
    return [
        shlex.join(first),
        *([shlex.join(["seep", "compare", "latest", "--baseline", baseline])] if baseline else []),
    ]
