"""A comparison that somebody asks for: of two runs, or of a run with a baseline."""

import threading
from collections import OrderedDict
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from results.storage import baselines
from results.storage.ad_hoc import AdHoc, ad_hoc, state
from results.storage.database import Connection
from seep.errors import InputError
from services.api.parameters import Name, Results, StalledAfter

router = APIRouter(tags=["compare"])

MOST_KEPT = 32


class Recent:
    """The comparisons that were asked for last: whoever looks at one asks for it several times."""

    def __init__(self) -> None:
        self._found: OrderedDict[object, AdHoc] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, connection: Connection, run_id: str, reference: list[str], stalled_after: float) -> AdHoc:
        """The comparison, computed unless the runs are as they were when it was computed last."""
        key = (run_id, tuple(reference), state(connection, [run_id, *reference]))
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        found = ad_hoc(connection, run_id, reference, stalled_after)
        with self._lock:
            self._found[key] = found
            while len(self._found) > MOST_KEPT:
                self._found.popitem(last=False)
        return found


async def _recent(request: Request) -> Recent:
    recent: Recent = request.app.state.recent
    return recent


Compared = Annotated[Recent, Depends(_recent)]


def reference_runs(connection: Connection, other: str | None, baseline: str | None) -> list[str]:
    """The runs to compare with; raises InputError unless one of both is given and known."""
    if (other is None) == (baseline is None):
        raise InputError("compare: expected `other`, a run, or `baseline`")
    if other is not None:
        return [other]
    known = baselines.one(connection, baseline or "")
    if known is None:
        raise InputError(f"baseline {baseline}: there is no such baseline")
    return known.runs


@router.get("/compare")
def compare(
    database: Results,
    stalled_after: StalledAfter,
    recent: Compared,
    run: Name,
    other: Annotated[Name | None, Query(description="The run to compare with.")] = None,
    baseline: Annotated[Name | None, Query(description="The baseline to compare with.")] = None,
) -> AdHoc:
    """A run against another or a baseline: verdict, effects per metric and category, and the tests that moved most.

    Refused are runs that are not finished, mixed, of another suite or decoding, or together too large.
    """
    with database.snapshot(computing=True) as connection:
        return recent.get(connection, run, reference_runs(connection, other, baseline), stalled_after)
