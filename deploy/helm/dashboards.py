"""Grafana's two boards: `python -m deploy.helm.dashboards` writes them; with `--check` it names those that differ.

Made here, so that every panel has a title, a description and a unit, and every expression the same filters.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.helm.panels import MONITORS, NAMESPACE, PIPELINE, Panel

FOLDER = Path(__file__).with_name("seep") / "files" / "dashboards"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
# The chart puts a hash of namespace, release and file in its place: two releases in one Grafana must not share one.
UID = "SEEP_UID"
HALF, HEIGHT = 12, 8
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
    place = {"x": number % 2 * HALF, "y": number // 2 * HEIGHT, "w": HALF, "h": HEIGHT}
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
