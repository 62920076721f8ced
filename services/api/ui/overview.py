"""The overview: how every monitor stands, the worst first."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from results.monitor_status import MonitorStatus
from results.overview import MonitorOverview
from results.storage.monitors import monitor_statuses
from results.storage.overview import overviews
from seep.settings import Monitor
from services.api.parameters import Configured, Results, StalledAfter
from services.api.ui import words
from services.api.ui.rendering import page, query

router = APIRouter()

# Each takes 2 kB.
ON_A_PAGE = 20
MOST_NAMED = 5
State = tuple[str, str]
"""What is said of a monitor, and the class of the style sheet that it is said in."""


@router.get("/")
def overview(
    request: Request,
    database: Results,
    settings: Configured,
    stalled_after: StalledAfter,
    skip: Annotated[int, Query(ge=0)] = 0,
) -> HTMLResponse:
    """A page of monitors with their states, rates, evidence and times; headline and summary are of all of them."""
    with database.snapshot() as connection:
        statuses = monitor_statuses(connection, settings.monitors, settings.scheduling, stalled_after)
        states = {status.monitor: states_of(status) for status in statuses}
        statuses.sort(key=lambda status: _urgency(states[status.monitor]))
        start = skip if skip < len(statuses) else 0
        found = overviews(connection, settings, statuses[start : start + ON_A_PAGE])
    following = start + ON_A_PAGE
    return page(
        request,
        "overview.html",
        monitors=found,
        states=states,
        next=query(skip=following) if following < len(statuses) else None,
        first="" if start else None,
        headline=_headline(statuses, states),
        summary=_summary(states),
        doubts_of={monitor.status.monitor: _doubts(monitor) for monitor in found},
        trends={monitor.status.monitor: _trend(monitor) for monitor in found},
        comparing=not any(monitor.rates for monitor in found)
        or any(words.reference_of(rate.probe) for monitor in found for rate in monitor.rates),
        untested=_next_steps(statuses, settings.monitors),
        example_target=next(iter(settings.targets), "my-model"),
    )


def states_of(status: MonitorStatus) -> list[State]:
    """What must be said of a monitor at a glance."""
    found = []
    if status.tested and status.tested.alarm:
        found.append(("alarm", "alarm"))
    elif status.warnings:
        found.append(("warning", "care"))
    if status.overdue:
        found.append(("overdue", "care"))
    if status.latest and status.latest.state in ("stalled", "running"):
        found.append((status.latest.state, "care" if status.latest.state == "stalled" else "plain"))
    if status.finished and status.finished.mixed:
        found.append(("mixed", "care"))
    if status.finished and not status.finished.measured:
        found.append(("not measured", "care"))
    if status.latest is None:
        found.append(("no run yet", "plain"))
    if not found or found == [("running", "plain")]:
        found.append(("no alarm", "plain") if status.tested else ("not tested", "plain"))
    return found


def _urgency(states: Sequence[State]) -> int:
    kinds = {kind for _, kind in states}
    return 0 if "alarm" in kinds else 1 if "care" in kinds else 2


def _headline(found: Sequence[MonitorStatus], states: dict[str, list[State]]) -> str:
    alarms = [name for name, of_monitor in states.items() if ("alarm", "alarm") in of_monitor]
    if alarms:
        return f"The leakage has changed: {_named(alarms)}"
    if not found:
        return "Monitors"
    tested = sum(status.tested is not None for status in found)
    if not tested:
        return "No monitor has been tested yet"
    return "No change found" if tested == len(found) else f"No change found in {tested} of {len(found)} monitors"


def _summary(states: dict[str, list[State]]) -> str:
    cared = [name for name, of_monitor in states.items() if any(kind == "care" for _, kind in of_monitor)]
    number = f"{len(states)} monitor{'' if len(states) == 1 else 's'}"
    alarms = any(("alarm", "alarm") in of_monitor for of_monitor in states.values())
    if not cared:
        return f"{number}; {'no other' if alarms else 'none'} needs attention"
    need = "needs" if len(cared) == 1 else "need"
    return f"{number}; {len(cared)}{' more' if alarms else ''} {need} attention: {_named(cared)}"


def _named(names: Sequence[str]) -> str:
    """The first of these monitors, and how many others there are."""
    others = len(names) - MOST_NAMED
    return ", ".join(names) if others < 2 else f"{', '.join(names[:MOST_NAMED])} and {others} others"


def _next_steps(found: Sequence[MonitorStatus], configured: Mapping[str, Monitor]) -> list[tuple[str, str]]:
    """Where no monitor was tested yet, what is to come and the command for it; nothing once one was."""
    if not found or any(status.tested for status in found):
        return []
    first = found[0].monitor
    baseline = configured[first].baseline or f"{first}-baseline"
    steps = [("A few runs show what the model is like now", f"seep push --monitor {first}")]
    if configured[first].baseline is None:
        steps.append(("A baseline in seep.yaml names what later runs are tested against", f"baseline: {baseline}"))
    steps.append(
        (
            "Finished runs become that baseline; each later run is tested against it by itself",
            f"seep baseline set --monitor {first} --last 7 --name {baseline}",
        )
    )
    return steps


def _doubts(monitor: MonitorOverview) -> list[str]:
    """Of all metrics together, each once: they are of the same answers."""
    rates = [rate for rate in monitor.rates if rate.category == "all"]
    return words.doubts_of_all(rates, monitor.status.finished)


def _trend(monitor: MonitorOverview) -> list[tuple[float, float, float]]:
    """The rates of the finished runs under the first metric."""
    metric = monitor.rates[0].metric if monitor.rates else None
    return [
        (rate.rate, rate.low, rate.high)
        for point in monitor.trend
        if point.finished and (rate := point.rate).metric == metric and not rate.mixed
        if rate.rate is not None and rate.low is not None and rate.high is not None
    ]
