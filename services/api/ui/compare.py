"""A run against another or a baseline: effects, verdicts, and the tests that moved most with their answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from results.flips import Flip, Flips
from results.rates import ALL
from results.storage import baselines
from results.storage.ad_hoc import AdHoc, ShownFlip, shown
from results.storage.database import Connection
from results.storage.rates import of_runs as rates_of_runs
from results.storage.runs import newest_ids
from results.sums import Comparison
from seep.errors import InputError
from seep.records import LeakRate
from services.api.comparing import Compared, reference_runs
from services.api.parameters import Results, StalledAfter
from services.api.ui import words
from services.api.ui.rendering import page
from services.api.ui.runs import Filter
from services.api.ui.samples import Text, link_to, sides

router = APIRouter()

SUGGESTED = 30
IN_A_FLIP = 400
NOTHING: dict[str, Any] = {"flips": [], "beside": [], "domain": (-10.0, 10.0)}
SHOWN_BESIDE = ("tie", "echo", "empty", "distinct_2")


@dataclass(frozen=True)
class FlipRow:
    """A flip with both answers as they are shown; None where the texts are deleted."""

    flip: Flip
    before: Comparison | None
    after: Comparison | None
    was: Mapping[str, Text]
    now: Mapping[str, Text]
    link: str


@router.get("/compare")
def compare(
    request: Request,
    database: Results,
    stalled_after: StalledAfter,
    recent: Compared,
    run: Filter = None,
    other: Filter = None,
    baseline: Filter = None,
) -> HTMLResponse:
    """The comparison, or the form that asks for it; what must not be compared is refused with the reason."""
    found, refused = None, ""
    values: dict[str, Any] = {}
    with database.snapshot(computing=True) as connection:
        if run and (other or baseline):
            try:
                reference = reference_runs(connection, other or None, baseline or None)
                found = recent.get(connection, run, reference, stalled_after)
                values = of_comparison(connection, found)
            except InputError as error:
                refused = str(error)
        known = baselines.page(connection, SUGGESTED)
        suggested = newest_ids(connection, SUGGESTED)
    return page(
        request,
        "compare.html",
        run=run or "",
        other=other or "",
        baseline=baseline or "",
        baselines=[each.name for each in known],
        suggested=suggested,
        found=found,
        refused=refused,
        **(NOTHING | values),
    )


def of_comparison(connection: Connection, found: AdHoc) -> dict[str, object]:
    """What page and report show of a comparison beside its cells: flips with answers, shares of both sides."""
    reference = [run.run_id for run in found.reference]
    rates = rates_of_runs(connection, [found.run.run_id, *reference])
    ends = [abs(end) for cell in found.cells for end in (cell.low, cell.high) if end is not None]
    widest = min(max([10.0, *ends]), 100.0)
    return {
        "flips": [
            (each, _rows(shown(connection, each, found.run.run_id, reference))) for each in _first_metric(found.flips)
        ],
        "beside": _beside(rates.get(found.run.run_id, []), rates.get(reference[0], [])),
        "domain": (-widest, widest),
    }


def _first_metric(of_metrics: Sequence[Flips]) -> list[Flips]:
    """Of the first metric alone: the answers are the same under each."""
    return list(of_metrics[:1])


def _rows(flips: Sequence[ShownFlip]) -> list[FlipRow]:
    return [
        FlipRow(
            each.flip,
            each.before,
            each.after,
            sides(each.before, IN_A_FLIP) if each.before else {},
            sides(each.after, IN_A_FLIP) if each.after else {},
            link_to(each.after) if each.after else "",
        )
        for each in flips
    ]


def _beside(run: Sequence[LeakRate], reference: Sequence[LeakRate]) -> list[tuple[str, str, str, str]]:
    """Shares of both sides: a mitigation that makes answers empty, or all alike, is worth little."""
    ours, theirs = ({rate.metric: rate for rate in of_run if rate.category == ALL} for of_run in (run, reference))
    rows = []
    for name in SHOWN_BESIDE:
        of_name = []
        for metric in [metric for metric in ours if metric in theirs]:
            was, now = theirs[metric].measures.get(name), ours[metric].measures.get(name)
            if was and now:
                of_name.append((words.measure_name(name), metric, words.percent(was.share), words.percent(now.share)))
        one = len(of_name) > 1 and len({figures for *_, was, now in of_name if (figures := (was, now))}) == 1
        rows += [(of_name[0][0], "every", *of_name[0][2:])] if one else of_name
    return rows
