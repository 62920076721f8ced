"""Dead jobs: why those of a run are dead, and how many there are."""

from collections.abc import Collection
from typing import LiteralString

from results.dead_jobs import DeadJobs, DeadReason, PromptLengths
from results.storage.database import Connection, records

DEAD_REASONS: LiteralString = """
SELECT stage, reason, count(*) AS jobs FROM jobs WHERE run_id = %s AND status = 'dead'
GROUP BY stage, reason ORDER BY jobs DESC, stage, reason
"""


SCORED_JOBS: LiteralString = "SELECT run_id, job_id FROM jobs WHERE run_id = ANY(%s) AND status = 'scored'"

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


def scored(connection: Connection, run_ids: Collection[str]) -> set[tuple[str, str]]:
    """The scored jobs of the runs, each with its run: also those that were dead before."""
    return {(run_id, job_id) for run_id, job_id in connection.execute(SCORED_JOBS, (list(run_ids),))}


def prompt_lengths(connection: Connection, run_id: str) -> PromptLengths:
    """How long the prompts of the run's jobs are, without those jobs of which nobody could read it."""
    rows = connection.execute(PROMPT_LENGTHS, (run_id,)).fetchall()
    dead, scored = ([length for status, length in rows if status == wanted] for wanted in ("dead", "scored"))
    return PromptLengths(dead, scored)


def by_target_and_stage(connection: Connection) -> list[DeadJobs]:
    """How many jobs are dead-lettered and not scored since."""
    return records(connection, DeadJobs, DEAD_BY_TARGET_AND_STAGE)
