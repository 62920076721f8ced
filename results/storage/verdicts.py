"""Verdicts: how runs compared with their baselines."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import LiteralString

from results.comparison import CellVerdict, RunVerdict, decide_with
from results.storage.database import Connection, as_dicts

CLEAR_VERDICTS: LiteralString = "DELETE FROM verdicts WHERE run_id = %(run_id)s AND baseline = %(baseline)s"

ADD_VERDICT: LiteralString = """
INSERT INTO verdicts (run_id, baseline, metric, category, effect, low, high, p, adjusted_p, exchanged, within,
                      detectable, pairs, clusters, verdict, reason)
VALUES (%(run_id)s, %(baseline)s, %(metric)s, %(category)s, %(effect)s, %(low)s, %(high)s, %(p)s, %(adjusted_p)s,
        %(exchanged)s, %(within)s, %(detectable)s, %(pairs)s, %(clusters)s, %(verdict)s, %(reason)s)
"""

_WANTED: LiteralString = """
FROM unnest(%(runs)s::text[], %(baselines)s::text[]) AS wanted (of_run, of_baseline)
JOIN verdicts ON run_id = of_run COLLATE "C" AND baseline = of_baseline COLLATE "C"
"""

VERDICTS: LiteralString = f"""
SELECT run_id, baseline, metric, category, effect, low, high, p, adjusted_p, exchanged, within, detectable, pairs,
       clusters, verdict
{_WANTED} ORDER BY run_id, baseline, metric, category = 'all', category
"""

# Stale too where the baseline was removed.
COMPARED: LiteralString = f"""
SELECT run_id, baseline, extract(epoch FROM max(compared_at))::float8 AS compared_at,
       coalesce(max(compared_at) < (SELECT set_at FROM baselines WHERE name = baseline), true) AS stale,
       max(reason) AS reason,
       coalesce((SELECT max(against) FROM rates WHERE rates.run_id = verdicts.run_id), '') AS against
{_WANTED} GROUP BY run_id, baseline
"""


def replace(
    connection: Connection, run_id: str, baseline: str, cells: Iterable[CellVerdict], reason: str | None
) -> None:
    """Keeps these verdicts of a run in place of those that it had against this baseline.

    The `reason` says why they are inconclusive, whatever they were.
    """
    names = {"run_id": run_id, "baseline": baseline}
    with connection.cursor() as cursor:
        cursor.execute(CLEAR_VERDICTS, names)
        cursor.executemany(ADD_VERDICT, [names | asdict(cell) | {"reason": reason} for cell in cells])


def one(connection: Connection, run_id: str, baseline: str) -> RunVerdict:
    """The run's verdict; without cells if it was not compared with this baseline."""
    [found] = several(connection, [(run_id, baseline)])
    return found


def several(connection: Connection, wanted: Sequence[tuple[str, str]]) -> list[RunVerdict]:
    """The verdicts of runs, each with the baseline that is named beside it."""
    distinct = set(wanted)
    named = {"runs": [run for run, _ in distinct], "baselines": [baseline for _, baseline in distinct]}
    cells: defaultdict[tuple[str, str], list[CellVerdict]] = defaultdict(list)
    for row in as_dicts(connection, VERDICTS, named):
        cells[row.pop("run_id"), row.pop("baseline")].append(CellVerdict(**row))
    compared = {(row.pop("run_id"), row.pop("baseline")): row for row in as_dicts(connection, COMPARED, named)}
    return [
        RunVerdict(*each, decide_with(cells[each], of_run["reason"]), **of_run, cells=cells[each])
        if (of_run := compared.get(each))
        else RunVerdict(*each, None, None, stale=False, cells=[])
        for each in wanted
    ]
