"""Verdicts: how runs compared with their baselines."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import LiteralString

from results.comparison import CellVerdict, RunVerdict, decide_with
from results.storage.database import Connection, one_record, records

CLEAR_VERDICTS: LiteralString = "DELETE FROM verdicts WHERE run_id = %(run_id)s AND baseline = %(baseline)s"

ADD_VERDICT: LiteralString = """
INSERT INTO verdicts (run_id, baseline, metric, category, effect, low, high, p, adjusted_p, exchanged, within,
                      detectable, pairs, clusters, verdict, reason)
VALUES (%(run_id)s, %(baseline)s, %(metric)s, %(category)s, %(effect)s, %(low)s, %(high)s, %(p)s, %(adjusted_p)s,
        %(exchanged)s, %(within)s, %(detectable)s, %(pairs)s, %(clusters)s, %(verdict)s, %(reason)s)
"""

VERDICTS: LiteralString = """
SELECT metric, category, effect, low, high, p, adjusted_p, exchanged, within, detectable, pairs, clusters, verdict
FROM verdicts WHERE run_id = %(run_id)s AND baseline = %(baseline)s ORDER BY metric, category = 'all', category
"""

# Stale too where the baseline was removed.
COMPARED: LiteralString = """
SELECT extract(epoch FROM max(compared_at))::float8 AS compared_at,
       coalesce(max(compared_at) < (SELECT set_at FROM baselines WHERE name = %(baseline)s), true) AS stale,
       max(reason) AS reason,
       coalesce((SELECT max(against) FROM rates WHERE run_id = %(run_id)s), '') AS against
FROM verdicts WHERE run_id = %(run_id)s AND baseline = %(baseline)s HAVING count(*) > 0
"""


@dataclass(frozen=True)
class _Compared:
    compared_at: float
    stale: bool
    reason: str | None
    against: str


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
    names = {"run_id": run_id, "baseline": baseline}
    cells = records(connection, CellVerdict, VERDICTS, names)
    compared = one_record(connection, _Compared, COMPARED, names)
    if compared is None:
        return RunVerdict(run_id, baseline, None, None, stale=False, cells=[])
    return RunVerdict(run_id, baseline, decide_with(cells, compared.reason), **vars(compared), cells=cells)
