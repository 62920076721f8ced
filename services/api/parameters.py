"""What several routes take: names, the database, and what is answered when something is wrong."""

from collections import Counter
from typing import Annotated, Any, get_args, get_origin

from fastapi import Depends, HTTPException, Query, Request, status
from fastapi.dependencies.utils import get_flat_dependant
from pydantic import BaseModel, StringConstraints

from results.runs import RunSummary
from results.storage import runs
from results.storage.database import Connection, Database
from seep.errors import InputError
from seep.settings import Settings

# PostgreSQL's text holds no U+0000; no name is longer than an identifier may be.
Name = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00]+$")]
Limit = Annotated[int, Query(ge=1, le=200, description="The page's length.")]

Time = Annotated[float | None, Query(ge=-1e11, le=1e11, description="Unix time in seconds.")]


class Problem(BaseModel):
    """Why a request was not answered, in one line."""

    detail: str


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status.HTTP_400_BAD_REQUEST: {"model": Problem, "description": "The request asks for what cannot be."},
    status.HTTP_422_UNPROCESSABLE_CONTENT: {"model": Problem, "description": "A parameter is not what it must be."},
    status.HTTP_503_SERVICE_UNAVAILABLE: {"model": Problem, "description": "The database does not answer now."},
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {
    status.HTTP_404_NOT_FOUND: {"model": Problem, "description": "There is no such run."}
}
UNAUTHORIZED: dict[int | str, dict[str, Any]] = {
    status.HTTP_401_UNAUTHORIZED: {"model": Problem, "description": "The bearer token is missing or wrong."}
}


async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _stalled_after(request: Request) -> float:
    settings: Settings = request.app.state.settings
    return settings.aggregation.stalled_after_seconds


Results = Annotated[Database, Depends(_database)]
Configured = Annotated[Settings, Depends(_settings)]
StalledAfter = Annotated[float, Depends(_stalled_after)]


async def no_unheeded_parameters(request: Request) -> None:
    """Answers 400 for a query parameter that the route does not have, and for one that is there twice and may not be:
    a misspelled filter, or all but the last of several, must not go unnoticed."""
    known = {
        parameter.alias: parameter for parameter in get_flat_dependant(request.scope["route"].dependant).query_params
    }
    for name, times in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            raise InputError(f"{name}: there is no such parameter")
        if times > 1 and not _is_list(known[name].field_info.annotation):
            raise InputError(f"{name}: given {times} times, expected once")


def _is_list(annotation: object) -> bool:
    return any(get_origin(option) is list for option in (annotation, *get_args(annotation)))


def refuse_unknown_run(connection: Connection, after: str | None) -> None:
    """Raises InputError if a page is to come after a run that there is not."""
    if after is not None and runs.one(connection, after, stalled_after_seconds=0) is None:
        raise InputError(f"after: there is no run {after}")


def known_run(connection: Connection, run_id: str, stalled_after: float) -> RunSummary:
    """The run's summary; answers 404 if there is no such run."""
    summary = runs.one(connection, run_id, stalled_after)
    if summary is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"run {run_id}: there is no such run")
    return summary
