"""A report as one file that opens from disk and prints: the pages' own templates, with the style sheet in it."""

import time
from importlib.metadata import version

from markupsafe import Markup

from cli.reports.gathering import Report, RunReport
from results.rates import ALL
from services.api.ui import words
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
            sections=[_section(each) for each in report.runs],
            texts=texts,
            style=style,
            made_at=time.time(),
            version=version("seep"),
            root="",
        )
    )


def _section(of_run: RunReport) -> dict[str, object]:
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
        "trends": trends,
        "charts": {
            metric: trend_chart(points, reference, None) for metric, points in trends.items() if len(points) > 1
        },
    }
