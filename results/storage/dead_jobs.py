"""Dead jobs: why those of a run are dead, and how many there are."""

from typing import LiteralString

from results.dead_jobs import DeadJobs, DeadReason, PromptLengths
from results.storage.database import Connection, records

DEAD_REASONS: LiteralString = """
SELECT stage, reason, count(*) AS jobs FROM jobs WHERE run_id = %s AND status = 'dead'
GROUP BY stage, reason ORDER BY jobs DESC, stage, reason
"""


PROMPT_LENGTHS: LiteralString = """
SELECT status, prompt_characters FROM jobs WHERE run_id = %s AND prompt_characters IS NOT NULL ORDER BY job_id
"""

DEAD_BY_TARGET_AND_STAGE: LiteralString = """
SELECT target, stage, count(*) AS jobs FROM jobs JOIN runs USING (run_id) WHERE status = 'dead'
GROUP BY target, stage ORDER BY target, stage
"""


def reasons(connection: Connection, run_id: str) -> list[DeadReason]:
    """Why the run's dead jobs died, the commonest reason first."""
    return records(connection, DeadReason, DEAD_REASONS, (run_id,))


def prompt_lengths(connection: Connection, run_id: str) -> PromptLengths:
    """How long the prompts of the run's jobs are, without those jobs of which nobody could read it."""
    rows = connection.execute(PROMPT_LENGTHS, (run_id,)).fetchall()
    dead, scored = ([length for status, length in rows if status == wanted] for wanted in ("dead", "scored"))
    return PromptLengths(dead, scored)


def by_target_and_stage(connection: Connection) -> list[DeadJobs]:
    """How many jobs are dead-lettered and not scored since."""
    return records(connection, DeadJobs, DEAD_BY_TARGET_AND_STAGE)
