"""Which languages a model answers in, by the language it was asked for."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from results.language_matrix import (
    Matrix,
    asymmetries,
    by_family_distance,
    contamination_matrix,
    differences,
    spilled_language,
)
from results.storage import rates as kept_rates
from results.storage.database import Connection
from results.storage.runs import newest_ids
from seep.errors import InputError
from services.api.parameters import Results, StalledAfter, known_run
from services.api.ui.rendering import page
from services.api.ui.runs import Filter

router = APIRouter()

SUGGESTED = 100


@router.get("/languages")
def languages(
    request: Request,
    database: Results,
    stalled_after: StalledAfter,
    run: Filter = None,
    metric: Filter = None,
    baseline: Filter = None,
    mirror: Filter = None,
) -> HTMLResponse:
    """The contamination matrix of a run, less a baseline's where one is given, and against the mirrored condition."""
    shown: dict[str, Any] = {}
    refused = ""
    with database.snapshot() as connection:
        known = newest_ids(connection, SUGGESTED, probe="language")
        chosen = run or next(iter(known), None)
        if chosen:
            shown["run"] = known_run(connection, chosen, stalled_after)
            try:
                shown |= _matrices(connection, chosen, metric or None, baseline or None, mirror or None)
            except InputError as error:
                refused = str(error).replace("--", "")
    return page(
        request,
        "languages.html",
        known=known,
        refused=refused,
        chosen=chosen or "",
        metric=metric or "",
        baseline=baseline or "",
        mirror=mirror or "",
        **({"matrix": None, "mirrored": {}, "run": None} | shown),
    )


def _matrices(
    connection: Connection, run: str, metric: str | None, baseline: str | None, mirror: str | None
) -> dict[str, object]:
    measured = _matrix(connection, run, metric)
    counted = spilled_language(measured)
    matrix = differences(measured, _matrix(connection, baseline, metric)) if baseline else measured
    found: dict[str, object] = {
        "matrix": matrix,
        "counted": counted,
        "rows": by_family_distance(matrix.directives, counted),
        "columns": by_family_distance(matrix.detected, counted),
    }
    if mirror:
        other = _matrix(connection, mirror, metric)
        found["mirrored"] = asymmetries(measured, counted, other, spilled_language(other))
    return found


def _matrix(connection: Connection, run: str, metric: str | None) -> Matrix:
    try:
        return contamination_matrix(kept_rates.of_run(connection, run), metric)
    except InputError as error:
        raise InputError(f"run {run}: {error}") from error
