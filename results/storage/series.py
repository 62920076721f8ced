"""What is read for charts: a target's rates over time, as they were published last."""

from collections.abc import Mapping
from typing import LiteralString

from results.series import Point, SeriesFilter
from results.storage.database import Connection, as_dicts, where
from results.storage.rates import RATE_FIELDS, with_provenance

POINT_FILTERS: Mapping[str, LiteralString] = {
    "target": "created_at IS NOT NULL AND target = %(target)s",
    "suite": "suite = %(suite)s",
    "metric": "metric = %(metric)s",
    "category": "category = %(category)s",
    "since": "created_at >= %(since)s",
    "until": "created_at < %(until)s",
    "after": "(created_at, runs.run_id) < (SELECT created_at, run_id FROM runs WHERE run_id = %(after)s)",
}


def points(connection: Connection, series: SeriesFilter, limit: int) -> list[Point]:
    """The rates of a target over time, newest first."""
    given = vars(series)
    conditions = where(POINT_FILTERS, given)
    rows = as_dicts(
        connection,
        f"SELECT created_at, job_count <= recorded + dead AS finished, {RATE_FIELDS}"
        f" FROM rates JOIN runs USING (run_id){conditions}"
        " ORDER BY created_at DESC, runs.run_id DESC LIMIT %(limit)s",
        given | {"limit": limit},
    )
    places = [(row.pop("created_at"), row.pop("finished")) for row in rows]
    return [Point(*place, rate) for place, rate in zip(places, with_provenance(connection, rows), strict=True)]
