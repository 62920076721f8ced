"""A target's rate over time."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from results.rates import ALL
from results.series import Point, SeriesFilter
from results.storage.series import points
from services.api.parameters import Name, Results, Time, refuse_unknown_run

router = APIRouter(prefix="/series", tags=["series"])


class SeriesPage(BaseModel):
    """Published rates, newest first; `next` is the `after` of the next page."""

    points: list[Point]
    next: str | None


@router.get("")
def rates_over_time(
    database: Results,
    target: Name,
    suite: Annotated[Name, Query(description="The suite's name, of whatever version.")],
    metric: Name,
    category: Name = ALL,
    since: Time = None,
    until: Time = None,
    after: Annotated[Name | None, Query(description="The last run of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="The page's length.")] = 400,
) -> SeriesPage:
    """The rates of a target's runs of a suite, under one metric and for one category."""
    wanted = SeriesFilter(target, suite, metric, category, since, until, after)
    with database.snapshot() as connection:
        refuse_unknown_run(connection, after)
        found = points(connection, wanted, limit + 1)
    return SeriesPage(points=found[:limit], next=found[limit - 1].rate.run_id if len(found) > limit else None)
