"""The list of runs; its filters stand in the URL."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from results.rates import ALL
from results.runs import RunState
from results.storage.overview import facets
from results.storage.rates import of_runs as rates_of_runs
from results.storage.runs import newest
from services.api.parameters import Name, Results, StalledAfter, refuse_unknown_run
from services.api.ui.rendering import page, query

router = APIRouter()

ON_A_PAGE = 25
DAY = 86_400
Day = Annotated[Literal[""] | date | None, Query()]
Filter = Annotated[str | None, Query(max_length=500, pattern=r"^[^\x00]*$")]
State = Literal[RunState, ""]


@router.get("/runs")
def runs(
    request: Request,
    database: Results,
    stalled_after: StalledAfter,
    target: Filter = None,
    suite: Filter = None,
    monitor: Filter = None,
    state: State | None = None,
    text: Filter = None,
    sent_from: Day = None,
    sent_to: Day = None,
    after: Name | None = None,
) -> HTMLResponse:
    """The runs that were heard of last, with their rates over all categories; `sent_to` is a day that counts."""
    chosen: RunState | None = state or None  # a form sends its empty fields, too
    since, until = _beginning(sent_from), _beginning(sent_to)
    with database.snapshot() as connection:
        refuse_unknown_run(connection, after)
        found = newest(
            connection,
            ON_A_PAGE + 1,
            stalled_after,
            target=target or None,
            suite=suite or None,
            monitor=monitor or None,
            text=text or None,
            state=chosen,
            since=since,
            until=None if until is None else until + DAY,
            after=after,
        )
        rates = rates_of_runs(connection, [run.run_id for run in found])
        known = facets(connection)
    shown = found[:ON_A_PAGE]
    given = {"target": target, "suite": suite, "monitor": monitor, "state": chosen, "text": text}
    given |= {"sent_from": _text(sent_from), "sent_to": _text(sent_to)}
    filters = {name: value or None for name, value in given.items()}
    following = {**filters, "after": shown[-1].run_id} if len(found) > ON_A_PAGE else None
    return page(
        request,
        "runs.html",
        runs=shown,
        rates={run_id: [rate for rate in of_run if rate.category == ALL] for run_id, of_run in rates.items()},
        facets=known,
        filters=filters,
        next=query(**following) if following else None,
        first=query(**filters) if after else None,
    )


def _beginning(day: date | Literal[""] | None) -> float | None:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() if day else None


def _text(day: date | Literal[""] | None) -> str | None:
    return day.isoformat() if day else None
