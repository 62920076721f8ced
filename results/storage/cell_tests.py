"""What is kept of a monitor's test: per cell the evidence, and the runs that the next one is ranked among.

Both have an upper bound, however long the stream is: a run costs the same at any place.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, LiteralString

import numpy as np
import orjson

from results.comparison import Cell
from results.drift_test import CellStep, CellTest
from results.statistics.sequential import Evidence
from results.storage.database import Connection, records

CELL_TESTS: LiteralString = """
SELECT metric, category, evidence,
       (SELECT json_agg(jobs ORDER BY slot) FROM monitor_references AS kept
        WHERE (kept.monitor, kept.metric, kept.category) = (cells.monitor, cells.metric, cells.category)
       ) AS references_in_order
FROM monitor_evidence AS cells WHERE monitor = %(monitor)s
"""

PUT_EVIDENCE: LiteralString = """
INSERT INTO monitor_evidence (monitor, baseline, metric, category, evidence)
VALUES (%(monitor)s, %(baseline)s, %(metric)s, %(category)s, %(evidence)s)
ON CONFLICT (monitor, metric, category) DO UPDATE SET evidence = EXCLUDED.evidence
"""

PUT_REFERENCE: LiteralString = """
INSERT INTO monitor_references (monitor, metric, category, slot, jobs)
VALUES (%(monitor)s, %(metric)s, %(category)s, %(slot)s, %(jobs)s)
ON CONFLICT (monitor, metric, category, slot) DO UPDATE SET jobs = EXCLUDED.jobs
"""


@dataclass(frozen=True)
class _Row:
    metric: str
    category: str
    evidence: Mapping[str, Any]
    references_in_order: list[Mapping[str, float]]


def of_monitor(connection: Connection, monitor: str) -> dict[Cell, CellTest]:
    """The tests of all cells of the monitor's stream."""
    return {
        (row.metric, row.category): CellTest(row.references_in_order, _evidence(row.evidence))
        for row in records(connection, _Row, CELL_TESTS, {"monitor": monitor})
    }


def put(connection: Connection, monitor: str, baseline: str, tests: Mapping[Cell, CellTest]) -> None:
    """Keeps the tests of a stream that begins."""
    _put_evidence(connection, monitor, baseline, {cell: test.evidence for cell, test in tests.items()})
    _put_references(
        connection,
        monitor,
        [(cell, slot, jobs) for cell, test in tests.items() for slot, jobs in enumerate(test.references)],
    )


def add(connection: Connection, monitor: str, baseline: str, steps: Iterable[CellStep]) -> None:
    """Keeps what one more run adds."""
    cells = {(step.metric, step.category): step for step in steps}
    _put_evidence(connection, monitor, baseline, {cell: step.evidence for cell, step in cells.items()})
    kept = [(cell, step.slot, step.jobs) for cell, step in cells.items() if step.slot is not None]
    _put_references(connection, monitor, kept)


def _put_evidence(connection: Connection, monitor: str, baseline: str, found: Mapping[Cell, Evidence]) -> None:
    rows = [
        {"monitor": monitor, "baseline": baseline, "metric": metric, "category": category, "evidence": _json(evidence)}
        for (metric, category), evidence in found.items()
    ]
    connection.cursor().executemany(PUT_EVIDENCE, rows)


def _put_references(
    connection: Connection, monitor: str, kept: Iterable[tuple[Cell, int, Mapping[str, float]]]
) -> None:
    rows = [
        {"monitor": monitor, "metric": cell[0], "category": cell[1], "slot": slot, "jobs": orjson.dumps(jobs).decode()}
        for cell, slot, jobs in kept
    ]
    connection.cursor().executemany(PUT_REFERENCE, rows)


def _evidence(kept: Mapping[str, Any]) -> Evidence:
    changes = np.array(kept["changes"], dtype=np.int64)
    wealth = np.array(kept["wealth"], dtype=np.float64).reshape(len(kept["wealth"]), len(changes))
    return Evidence(kept["baseline_runs"], kept["runs"], changes, wealth)


def _json(evidence: Evidence) -> str:
    fields = vars(evidence) | {"wealth": np.ascontiguousarray(evidence.wealth)}
    return orjson.dumps(fields, option=orjson.OPT_SERIALIZE_NUMPY).decode()
