"""Grafana's two boards: `python -m deploy.helm.dashboards` writes them; with `--check` it names those that differ.

Made here, so that every panel has a title, a description and a unit, and every expression the same filters.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("seep") / "files" / "dashboards"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
# The chart puts a hash of namespace, release and file in its place: two releases in one Grafana must not share one.
UID = "SEEP_UID"
NAMESPACE = 'namespace=~"$namespace"'
MONITOR = f'{NAMESPACE}, monitor=~"$monitor"'
COLUMNS, HALF, HEIGHT = 24, 12, 8


DEAD = f'{NAMESPACE}, result="dead-lettered"'
GENERATED, SCORED = f'{NAMESPACE}, topic="seep.generations"', f'{NAMESPACE}, stage="scorer"'
WHOLE = f'{NAMESPACE}, category="all"'


def over(how: str, labels: str, metric: str, filters: str = NAMESPACE) -> str:
    """A gauge, of whichever processes show it."""
    return f"{how} by ({labels}) ({metric}{{{filters}}})"


def speed(labels: str, metric: str, filters: str = NAMESPACE) -> str:
    """A counter, per second."""
    return f"sum by ({labels}) (rate({metric}{{{filters}}}[$__rate_interval]))"


@dataclass(frozen=True)
class Panel:
    """A panel: its queries by legend, its unit as Grafana names it, and at which value a line is drawn.

    `link` leads from a series to a page of Seep's.
    """

    title: str
    description: str
    queries: Mapping[str, str]
    unit: str = "short"
    kind: str = "timeseries"
    threshold: float | None = None
    logarithmic: bool = False
    width: int = HALF
    link: str = ""
    mappings: Sequence[Mapping[str, Any]] = field(default=())


ON_OFF = ({"type": "value", "options": {"0": {"text": "no"}, "1": {"text": "yes", "color": "red"}}},)
TO_MONITOR = "${seep_url}/monitors/${__field.labels.monitor}"

MONITORS = (
    Panel(
        "Alarms",
        "Monitors whose leakage has changed since the baseline was set. Runbook: SeepMonitorAlarm.",
        {"{{monitor}}": over("max", "monitor", "seep_monitor_alarm", MONITOR)},
        kind="stat",
        mappings=ON_OFF,
        link=TO_MONITOR,
    ),
    Panel(
        "Overdue",
        "Monitors of which a scheduled run is not complete in time. Runbook: SeepMonitorOverdue.",
        {"{{monitor}}": over("max", "monitor", "seep_monitor_overdue", MONITOR)},
        kind="stat",
        mappings=ON_OFF,
        link=TO_MONITOR,
    ),
    Panel(
        "Leak rate",
        "Of each monitor's latest finished run, over all categories; 50 % is no leakage where answers are compared.",
        {"{{target}} {{suite}} {{metric}}": over("max", "target, suite, metric", "seep_leak_rate_ratio", WHOLE)},
        unit="percentunit",
        threshold=0.5,
    ),
    Panel(
        "Its 95 % interval",
        "Lower and upper ends: the true rate lies between them in 95 of 100 such runs.",
        {
            "{{target}} {{suite}} {{metric}} low": over(
                "max", "target, suite, metric", "seep_leak_rate_ci_lower_ratio", WHOLE
            ),
            "{{target}} {{suite}} {{metric}} high": over(
                "max", "target, suite, metric", "seep_leak_rate_ci_upper_ratio", WHOLE
            ),
        },
        unit="percentunit",
        threshold=0.5,
    ),
    Panel(
        "E-value",
        "Evidence that a monitor's runs changed. If nothing changes it ever reaches 20 with a chance of at most 5 %.",
        {"{{monitor}}": over("max", "monitor", "seep_monitor_e_value", MONITOR)},
        threshold=20,
        logarithmic=True,
        link=TO_MONITOR,
    ),
    Panel(
        "Autocorrelation",
        "How like the run before each quiet run is. From 0.4 on an alarm may be a slow wave, and no change.",
        {"{{monitor}}": over("max", "monitor", "seep_monitor_autocorrelation", MONITOR)},
        threshold=0.4,
        link=TO_MONITOR,
    ),
    Panel(
        "Not evaluated",
        "1 where the latest finished run could be evaluated; 0 has no verdict. Runbook: SeepNotMeasured.",
        {"{{monitor}}": over("min", "monitor", "seep_monitor_evaluated", MONITOR)},
        kind="table",
        link=TO_MONITOR,
    ),
    Panel(
        "Lost answers",
        "Share of comparisons without an answer, by reason: refused, filtered, unfinished. They count in no rate.",
        {"{{target}} {{reason}}": over("max", "target, reason", "seep_lost_comparisons_ratio")},
        unit="percentunit",
    ),
)
PIPELINE = (
    Panel(
        "Messages",
        "Messages finished per second by stage: done, dead-lettered, cancelled.",
        {"{{stage}} {{result}}": speed("stage, result", "seep_messages_total")},
        unit="cps",
    ),
    Panel(
        "Share dead-lettered",
        "Of a stage's messages, those that became dead letters. Runbook: SeepDeadLettersGrowing.",
        {"{{stage}}": f"{speed('stage', 'seep_messages_total', DEAD)} / {speed('stage', 'seep_messages_total')}"},
        unit="percentunit",
    ),
    Panel(
        "Time of a batch",
        "The 95th percentile from a polled batch to its results being acknowledged.",
        {"{{stage}}": f"histogram_quantile(0.95, {speed('stage, le', 'seep_batch_seconds_bucket')})"},
        unit="s",
    ),
    Panel(
        "Lag",
        "Messages that wait, by topic. Runbook: SeepLagGrowing.",
        {"{{topic}}": over("sum", "topic", "seep_lag_messages")},
    ),
    Panel(
        "Time to drain",
        "The lag over what all of the stage's messages took of late; empty while nothing moves.",
        {
            "{{topic}}": over("sum", "topic", "seep_lag_messages", GENERATED)
            + " / scalar(sum(rate(seep_messages_total{"
            + SCORED
            + "}[15m])))"
        },
        unit="s",
    ),
    Panel(
        "Dead jobs",
        "Dead-lettered jobs that were not scored since, by target and stage.",
        {"{{target}} {{stage}}": over("max", "target, stage", "seep_dead_jobs")},
    ),
    Panel(
        "Retries",
        "Batches per second that were tried again after something that a stage depends on failed.",
        {"{{stage}}": speed("stage", "seep_batch_retries_total")},
        unit="cps",
    ),
    Panel(
        "Requests to endpoints",
        "Requests per second by what became of them.",
        {"{{target}} {{result}}": speed("target, result", "seep_endpoint_requests_total")},
        unit="reqps",
    ),
    Panel(
        "Scorer's canary",
        "Largest error of similarities that are known. Runbook: SeepScorerDrifted.",
        {"{{metric}}": over("max", "metric", "seep_scorer_canary_max_error")},
        unit="sci",
    ),
    Panel(
        "Stalled runs",
        "Unfinished runs without progress, by target. Runbook: SeepRunStalled.",
        {"{{target}}": over("max", "target", "seep_stalled_runs")},
    ),
)
BOARDS: Mapping[str, tuple[str, Sequence[Panel]]] = {
    "monitors.json": ("Seep: monitors", MONITORS),
    "pipeline.json": ("Seep: pipeline", PIPELINE),
}


def board(title: str, panels: Sequence[Panel]) -> dict[str, Any]:
    """A board as Grafana imports it."""
    shown = [_panel(number, panel) for number, panel in enumerate(panels)]
    return {
        "uid": UID,
        "title": title,
        "tags": ["seep"],
        "timezone": "utc",
        "schemaVersion": 39,
        "refresh": "1m",
        "time": {"from": "now-14d", "to": "now"},
        "templating": {"list": _variables(title)},
        "panels": shown,
    }


def _variables(title: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": "datasource", "label": "Source", "type": "datasource", "query": "prometheus"},
        _query_variable("namespace", "label_values(seep_messages_total, namespace)"),
    ]
    if title.endswith("monitors"):
        found.append(_query_variable("monitor", f"label_values(seep_monitor_evaluated{{{NAMESPACE}}}, monitor)"))
        found.append({"name": "seep_url", "label": "Address of Seep's pages", "type": "textbox", "query": "/ui"})
    return found


def _query_variable(name: str, query: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": name.capitalize(),
        "type": "query",
        "datasource": SOURCE,
        "query": query,
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    style: dict[str, Any] = {"unit": panel.unit, "mappings": list(panel.mappings), "custom": {}}
    if panel.logarithmic:
        style["custom"]["scaleDistribution"] = {"type": "log", "log": 10}
    if panel.threshold is not None:
        steps = [{"color": "green", "value": None}, {"color": "red", "value": panel.threshold}]
        style |= {"thresholds": {"mode": "absolute", "steps": steps}}
        style["custom"]["thresholdsStyle"] = {"mode": "dashed"}
    if panel.link:
        style["links"] = [{"title": "Show it in Seep", "url": panel.link}]
    place = {"x": number % 2 * HALF, "y": number // 2 * HEIGHT, "w": panel.width, "h": HEIGHT}
    return {
        "id": number + 1,
        "title": panel.title,
        "description": panel.description,
        "type": panel.kind,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": style, "overrides": []},
        "targets": [
            _target(place, *query, instant=panel.kind == "table") for place, query in enumerate(panel.queries.items())
        ],
    }


def _target(place: int, legend: str, expression: str, *, instant: bool) -> dict[str, Any]:
    found = {"refId": "ABCDEFGH"[place], "expr": expression, "legendFormat": legend, "datasource": SOURCE}
    return found | ({"instant": True, "format": "table"} if instant else {})


def text(name: str) -> str:
    """A board's file."""
    return json.dumps(board(*BOARDS[name]), indent=1) + "\n"


def main(arguments: list[str]) -> int:
    """Writes or checks the files; returns the process's exit code."""
    differing = [name for name in BOARDS if not (FOLDER / name).is_file() or (FOLDER / name).read_text() != text(name)]
    for name in differing:
        if arguments == ["--check"]:
            print(f"{FOLDER / name}: not what the code says: run python -m deploy.helm.dashboards")
        else:
            FOLDER.mkdir(parents=True, exist_ok=True)
            (FOLDER / name).write_text(text(name), encoding="utf-8")
    return 1 if differing and arguments == ["--check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
