"""What others are told when a run ends, gets a verdict, raises an alarm or is overdue, as CloudEvents 1.0.

An event holds ids, names, counts, rates and verdicts, and no prompt and no answer.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar
from urllib.parse import quote

import orjson

from results.comparison import CellVerdict, RunVerdict
from results.drift_test import StreamRun
from results.monitor_status import MonitorStatus
from results.rates import ALL
from results.runs import RunSummary
from seep.records import LeakRate

Cell = TypeVar("Cell", LeakRate, CellVerdict)
Kind = Literal["run.finished", "run.verdict", "monitor.alarm", "monitor.overdue"]

# A suite of hundreds of categories without `all` must not make a message that nobody takes.
MOST_CELLS = 200


@dataclass(frozen=True)
class Event:
    """Something that happened to a run or a monitor (`subject`), at a Unix time in seconds.

    `state` is what the subject is now: it is told of once in each state.
    """

    kind: Kind
    subject: str
    state: str
    at: float
    data: Mapping[str, Any]

    @property
    def event_id(self) -> str:
        """The same whenever the same is said of the same subject, so that a receiver knows what it has."""
        return hashlib.sha256("\n".join((self.kind, self.subject, self.state)).encode()).hexdigest()[:32]

    @property
    def key(self) -> str:
        """What keeps events in order on the topic: those of a monitor, or of a run that is of none."""
        return str(self.data.get("monitor") or self.subject)


def run_finished(run: RunSummary, rates: Iterable[LeakRate]) -> Event:
    """A run has nothing left to come, or was cancelled; told again if dead-lettered jobs of it are scored later."""
    # Jobs of a cancelled run that were on their way are no news.
    state = run.state if run.state == "cancelled" else f"{run.state} {run.recorded}"
    shown, left_out = _shown(rates, ())
    data = {
        "state": run.state,
        "jobs": {"expected": run.job_count, "scored": run.recorded, "dead_lettered": run.dead},
        "comparisons": {"expected": run.comparisons, "missing": run.missing, "lost": dict(run.lost)},
        "mixed": run.mixed,
        "rates": [_rate(rate) for rate in shown],
        "rates_left_out": left_out,
    }
    return Event("run.finished", run.run_id, state, run.progress_at, _of_run(run) | data)


def run_verdict(run: RunSummary, verdict: RunVerdict, set_at: float, skipped: str | None, at: float) -> Event:
    """A run was compared with its baseline, which was set at a time; without a verdict `skipped` says why it was not.

    Of cells it has those of `all`, and those that drift.
    """
    drifting = {cell.category for cell in verdict.cells if cell.verdict == "drift"}
    shown, left_out = _shown(verdict.cells, drifting)
    data = {
        "baseline": verdict.baseline,
        "verdict": verdict.verdict,
        "reason": verdict.reason if verdict.verdict is not None else skipped,
        "verdicts": dict(Counter(cell.verdict for cell in verdict.cells)),
        "cells": [_cell(cell) for cell in shown],
        "cells_left_out": left_out,
    }
    state = f"{verdict.baseline} {set_at} {run.state} {run.recorded} {verdict.verdict}"
    return Event("run.verdict", run.run_id, state, at, _of_run(run) | data)


def monitor_alarm(run: RunSummary, stream_run: StreamRun, set_at: float) -> Event:
    """A monitor's test has raised its alarm at this run; it stays until the baseline is set again."""
    data = {
        "baseline": stream_run.baseline,
        "e_value": stream_run.e_value,
        "difference": stream_run.difference,
    }
    state = f"{stream_run.baseline} {set_at}"
    return Event("monitor.alarm", run.monitor, state, stream_run.at, _of_run(run) | data)


def monitor_overdue(status: MonitorStatus, at: float) -> Event:
    """A scheduled run of a monitor is not finished in time; told once until a later one is."""
    last = status.finished.run_id if status.finished else None
    data = {
        "monitor": status.monitor,
        "target": status.target,
        "schedule": status.schedule,
        "last_finished_run_id": last,
        "latest_run_id": status.latest.run_id if status.latest else None,
    }
    return Event("monitor.overdue", status.monitor, f"{status.schedule} {last}", at, data)


def cloud_event(event: Event, source: str, pages_url: str | None) -> str:
    """The event in CloudEvents' JSON format, with a link to its page where the address of the pages is known."""
    page = "monitors" if event.kind.startswith("monitor.") else "runs"
    link = {"link": f"{pages_url.rstrip('/')}/ui/{page}/{quote(event.subject, safe='')}"} if pages_url else {}
    time = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    said = {
        "specversion": "1.0",
        "id": event.event_id,
        "source": source,
        "type": f"seep.{event.kind}",
        "subject": event.subject,
        "time": time,
        "datacontenttype": "application/json",
        "data": {**event.data, **link},
    }
    return orjson.dumps(said).decode()


def _of_run(run: RunSummary) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "target": run.target,
        "suite": run.suite,
        "suite_version": run.suite_version,
        "monitor": run.monitor or None,
        "labels": list(run.labels),
    }


def _shown(cells: Iterable[Cell], besides: Collection[str]) -> tuple[Sequence[Cell], int]:
    """The cells of `all` and of the categories `besides`, or all cells if there is no `all`; and how many are cut.

    Looks at them one by one: rates may be too many to be held together.
    """
    wanted: list[Cell] = []
    first: list[Cell] = []
    chosen = seen = 0
    whole = False
    for seen, cell in enumerate(cells, start=1):
        whole |= cell.category == ALL
        if cell.category == ALL or cell.category in besides:
            chosen += 1
            wanted += [cell] if chosen <= MOST_CELLS else []
        first += [cell] if seen <= MOST_CELLS else []
    return (wanted, chosen - len(wanted)) if whole else (first, seen - len(first))


def _rate(rate: LeakRate) -> dict[str, Any]:
    names = ("metric", "category", "rate", "low", "high", "against", "comparisons", "clusters", "missing")
    return {name: getattr(rate, name) for name in names}


def _cell(cell: CellVerdict) -> dict[str, Any]:
    names = ("metric", "category", "effect", "low", "high", "adjusted_p", "verdict")
    return {name: getattr(cell, name) for name in names}
