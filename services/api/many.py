"""What concerns several runs at once: their rates, their suites, a run's languages."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from results.language_matrix import contamination_matrix, differences
from results.overview import SuiteUse
from results.pooled_runs import check_poolable, pooled_rates
from results.storage import rates as kept_rates
from results.storage.overview import facets as run_facets
from results.storage.overview import suite_uses
from results.storage.rates import of_runs as rates_of_runs
from seep.records import LeakRate
from services.api.parameters import NOT_FOUND, Limit, Name, Results, StalledAfter, known_run

router = APIRouter(tags=["many runs"])

MOST_RUNS = 40
Runs = Annotated[list[Name], Query(min_length=1, max_length=MOST_RUNS, description="A run; may be given again.")]


class Facets(BaseModel):
    """The targets, suites and monitors that runs have, each in order."""

    targets: list[str]
    suites: list[str]
    monitors: list[str]


class LanguageCell(BaseModel):
    """How often answers to one language's directive are in one language, in percent, or the points above a baseline."""

    directive: str
    detected: str
    rate: float
    low: float
    high: float


@router.get("/facets")
def facets(database: Results) -> Facets:
    """What the list of runs can be filtered by."""
    with database.snapshot() as connection:
        return Facets(**run_facets(connection))


@router.get("/rates")
def rates_of_several(database: Results, run: Runs) -> dict[str, list[LeakRate]]:
    """By run, its rates; runs without any, and unknown ones, are left out."""
    with database.snapshot() as connection:
        return rates_of_runs(connection, run)


@router.get("/rates/pooled", responses=NOT_FOUND)
def pooled(database: Results, stalled_after: StalledAfter, run: Runs) -> list[LeakRate]:
    """The rates of several runs of one condition together, such as a fine-tune's seeds: each run is a cluster of its
    own."""
    with database.snapshot() as connection:
        check_poolable([known_run(connection, each, stalled_after) for each in run])
        return pooled_rates([kept_rates.of_run(connection, each) for each in run])


@router.get("/suites")
def suites(database: Results, limit: Limit = 200) -> list[SuiteUse]:
    """The versions that the newest thousand runs of each suite had, with the newest run of each."""
    with database.snapshot() as connection:
        return suite_uses(connection, limit)


@router.get("/runs/{run_id}/languages", responses=NOT_FOUND)
def languages(
    database: Results,
    stalled_after: StalledAfter,
    run_id: Name,
    metric: Annotated[Name | None, Query(description="Which, if the run has several.")] = None,
    baseline: Annotated[Name | None, Query(description="A run to subtract: of the model before its fine-tune.")] = None,
) -> list[LanguageCell]:
    """The contamination matrix of a run of the language probe, or its difference from another's."""
    with database.snapshot() as connection:
        matrices = []
        for one in (run_id, *([baseline] if baseline else [])):
            known_run(connection, one, stalled_after)
            matrices.append(contamination_matrix(kept_rates.of_run(connection, one), metric))
    cells = (matrices[0] if baseline is None else differences(*matrices)).cells
    return [
        LanguageCell(directive=directive, detected=found, **asdict(share))
        for (directive, found), share in cells.items()
    ]
