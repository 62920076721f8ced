"""Jobs that some stage has dead-lettered, read from the key of their dead letters."""

from collections.abc import Sequence
from dataclasses import dataclass

from results.identifiers import is_identifier
from seep.kafka.topics import split_job_key
from seep.records import PromptJob


@dataclass(frozen=True)
class DeadJob:
    """A job that will not be scored unless its dead letter is replayed; `reason` never holds a prompt's text.

    `job` is what the dead message holds of it, None where it can no longer be read.
    """

    run_id: str
    job_id: str
    stage: str
    reason: str
    job: PromptJob | None = None


@dataclass(frozen=True)
class DeadReason:
    """Why `jobs` jobs of a run are dead."""

    stage: str
    reason: str
    jobs: int


@dataclass(frozen=True)
class DeadJobs:
    """How many jobs of a target are dead-lettered by a stage, and not scored since."""

    target: str
    stage: str
    jobs: int


@dataclass(frozen=True)
class PromptLengths:
    """The mean length of the prompts of each of a run's jobs, in characters: of the dead ones, and of the others."""

    dead: Sequence[int]
    scored: Sequence[int]


def prompt_characters(job: PromptJob) -> int:
    """The mean length of a job's prompts, in characters; 0 of a job without any."""
    prompts = [prompt for prompt in (job.control, job.neutral, *(test.prompt for test in job.tests)) if prompt]
    return round(sum(map(len, prompts)) / len(prompts)) if prompts else 0


def dead_job(key: bytes | None, stage: str, reason: str) -> DeadJob | None:
    """The job that a dead letter's key `<run>/<job>` names; None where the key names no job."""
    place = split_job_key(key)
    if place is None or not all(is_identifier(name) for name in place):
        return None
    return DeadJob(*place, stage, reason)
