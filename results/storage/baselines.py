"""Baselines as they are kept."""

from collections.abc import Collection, Sequence
from typing import LiteralString

from results.baselines import Baseline
from results.storage.database import Connection, one_record, records

# The time is taken once the row is this transaction's own: verdicts before it are those of the baseline before it.
SET_BASELINE: LiteralString = """
INSERT INTO baselines (name, set_at) VALUES (%(name)s, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET set_at = clock_timestamp()
"""

CLEAR_BASELINE_RUNS: LiteralString = "DELETE FROM baseline_runs WHERE baseline = %(name)s"

ADD_BASELINE_RUNS: LiteralString = """
INSERT INTO baseline_runs (baseline, run_id) SELECT %(name)s, unnest(%(runs)s::text[])
"""

REMOVE_BASELINE: LiteralString = "DELETE FROM baselines WHERE name = %(name)s"

# Everything that was tested against another reference.
RESET_STREAMS: LiteralString = """
WITH runs AS (DELETE FROM monitor_runs WHERE baseline = %(name)s)
DELETE FROM monitor_evidence WHERE baseline = %(name)s
"""

# Runs of monitors that were sent after all of the baseline, and perhaps finished before it was set: the aggregator
# tests what has changed. Their rates stay as they are. In one order, as all who change several runs take them.
TEST_LATER_RUNS: LiteralString = """
WITH newest AS (SELECT suite_hash, created_at FROM runs WHERE run_id = ANY(%(runs)s) ORDER BY created_at DESC LIMIT 1),
later AS (
    SELECT run_id FROM runs, newest
    WHERE monitor <> '' AND runs.suite_hash = newest.suite_hash AND runs.created_at > newest.created_at
    ORDER BY run_id FOR NO KEY UPDATE OF runs
)
UPDATE runs SET changes = changes + 1, rated = rated + 1 FROM later WHERE runs.run_id = later.run_id
"""

# Whoever sets or removes the baseline waits for those who compare with it, and they for him.
LOCK_BASELINE: LiteralString = "SELECT FROM baselines WHERE name = %(name)s FOR SHARE"

_BASELINES: LiteralString = """
SELECT name, ARRAY(SELECT run_id FROM baseline_runs WHERE baseline = name ORDER BY run_id) AS runs,
       extract(epoch FROM set_at)::float8 AS set_at
FROM baselines
"""

ONE_BASELINE: LiteralString = _BASELINES + "WHERE name = %(name)s"

SENT_AT: LiteralString = """
SELECT baseline, coalesce(array_agg(created_at) FILTER (WHERE created_at IS NOT NULL), '{}')
FROM baseline_runs JOIN runs USING (run_id) WHERE baseline = ANY(%s) GROUP BY baseline
"""

BASELINES: LiteralString = _BASELINES + "WHERE name > %(after)s ORDER BY name LIMIT %(limit)s"


def set_baseline(connection: Connection, name: str, run_ids: Sequence[str]) -> None:
    """Names the runs, which must be known.

    The tests of all monitors with this baseline begin again, with the runs that were sent since the newest of these.
    """
    named = {"name": name, "runs": list(run_ids)}
    for statement in (SET_BASELINE, CLEAR_BASELINE_RUNS, ADD_BASELINE_RUNS, RESET_STREAMS, TEST_LATER_RUNS):
        connection.execute(statement, named)


def remove(connection: Connection, name: str) -> None:
    """Forgets the name and the tests against it; the runs and past verdicts stay."""
    for statement in (REMOVE_BASELINE, RESET_STREAMS):
        connection.execute(statement, {"name": name})


def page(connection: Connection, limit: int | None = None, after: str = "") -> list[Baseline]:
    """So many of them by name, those after a name; all if no limit is given."""
    return records(connection, Baseline, BASELINES, {"limit": limit, "after": after})


def one(connection: Connection, name: str) -> Baseline | None:
    """The baseline of this name; None if there is none."""
    return one_record(connection, Baseline, ONE_BASELINE, {"name": name})


def sent_at(connection: Connection, names: Collection[str]) -> dict[str, list[float]]:
    """When the runs of each baseline that is set were sent, in Unix seconds, where it is known."""
    return dict(connection.execute(SENT_AT, (list(names),)).fetchall())


def lock(connection: Connection, name: str) -> Baseline | None:
    """The same, as it stays until the transaction ends."""
    connection.execute(LOCK_BASELINE, {"name": name})
    return one(connection, name)
