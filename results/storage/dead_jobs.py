"""Dead jobs: why those of a run are dead, and how many there are."""

from typing import LiteralString

from results.dead_jobs import DeadJobs, DeadReason
from results.storage.database import Connection, records

DEAD_REASONS: LiteralString = """
SELECT stage, reason, count(*) AS jobs FROM jobs WHERE run_id = %s AND status = 'dead'
GROUP BY stage, reason ORDER BY jobs DESC, stage, reason
"""


DEAD_BY_TARGET_AND_STAGE: LiteralString = """
SELECT target, stage, count(*) AS jobs FROM jobs JOIN runs USING (run_id) WHERE status = 'dead'
GROUP BY target, stage ORDER BY target, stage
"""


def reasons(connection: Connection, run_id: str) -> list[DeadReason]:
    """Why the run's dead jobs died, the commonest reason first."""
    return records(connection, DeadReason, DEAD_REASONS, (run_id,))


def by_target_and_stage(connection: Connection) -> list[DeadJobs]:
    """How many jobs are dead-lettered and not scored since."""
    return records(connection, DeadJobs, DEAD_BY_TARGET_AND_STAGE)
