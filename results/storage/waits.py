"""Why runs wait, as the stages say it. What is kept is shown until the run makes progress, or has ended."""

from collections.abc import Sequence
from typing import LiteralString

from results.storage.database import Connection
from results.storage.rows import storable
from seep.records import RunWait

# Of a run that was never heard of nothing is kept: a stage says again what lasts. After progress it is another wait.
SAY: LiteralString = """
INSERT INTO run_waits (run_id, stage, reason) SELECT run_id, %(stage)s, %(reason)s FROM runs WHERE run_id = %(run_id)s
ON CONFLICT (run_id, stage) DO UPDATE
SET reason = EXCLUDED.reason, said_at = now(),
    since = CASE WHEN run_waits.said_at < (SELECT last_progress_at FROM runs WHERE run_id = %(run_id)s)
                 THEN now() ELSE run_waits.since END
"""

GOES_ON: LiteralString = "DELETE FROM run_waits WHERE run_id = %(run_id)s AND stage = %(stage)s"


def record_waits(connection: Connection, waits: Sequence[RunWait]) -> None:
    """Keeps the reasons in their order; an empty one ends the wait."""
    # In one order for all processes, as runs are locked; what is said of one run and stage stays in its own.
    for wait in sorted(waits, key=lambda wait: (wait.run_id, wait.stage)):
        connection.execute(SAY if wait.reason else GOES_ON, {name: storable(text) for name, text in vars(wait).items()})
