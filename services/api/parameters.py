"""What several routes take: names, the store, and what is answered when something is wrong."""

from collections import Counter
from typing import Annotated, Any, get_args, get_origin

from fastapi import Depends, HTTPException, Query, Request, status
from fastapi.dependencies.utils import get_flat_dependant
from pydantic import BaseModel, StringConstraints

from results.runs import RunSummary
from results.storage.store import Store
from seep.errors import InputError

# PostgreSQL's text holds no U+0000; no name is longer than an identifier may be.
Name = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00]+$")]
Limit = Annotated[int, Query(ge=1, le=200, description="The page's length.")]


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


async def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


Results = Annotated[Store, Depends(_store)]


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


def known_run(store: Store, run_id: str) -> RunSummary:
    """The run's summary; answers 404 where there is no such run."""
    summary = store.run(run_id)
    if summary is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"run {run_id}: there is no such run")
    return summary
