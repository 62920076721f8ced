"""Which dead letters say that a job of a run is dead.

Whoever may write to the topic can write any key. What a stage of Seep dead-letters came from a topic that it reads, and
what the message holds, where it can still be read, is the job that its key names.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from prometheus_client import Counter

from results.dead_jobs import DeadJob, dead_job
from seep.codec import DecodeError, decode_generated_job, decode_prompt_job, decode_scored_job
from seep.kafka.dead_letters import DeadLetter, read_dead_letter
from seep.kafka.messages import Message
from seep.kafka.topics import GENERATIONS, SCORES, jobs_topic
from seep.records import PromptJob

log = logging.getLogger(__name__)

STAGE = "aggregator"
JOBS = jobs_topic("")
# By the beginning of the topic that a stage reads jobs from: the stage, and how the job in its messages is read.
STAGES: Mapping[str, tuple[str | None, Callable[[bytes], PromptJob]]] = {
    JOBS: ("generator", decode_prompt_job),
    GENERATIONS: ("scorer", lambda data: decode_generated_job(data).job),
    SCORES: (STAGE, lambda data: decode_scored_job(data).generated.job),
}
NO_STAGE = (None, decode_prompt_job)
IGNORED = Counter("seep_ignored_dead_letters", "Dead letters whose key names a job that they are not of.")


def read_dead_job(message: Message) -> DeadJob | None:
    """The job that a dead letter says is dead; None where its key names none, or one that it is not of."""
    letter = read_dead_letter(message)
    named = dead_job(message.key, letter.stage, letter.reason)
    if named is None:
        return None
    stage, read = STAGES.get(JOBS if letter.topic.startswith(JOBS) else letter.topic, NO_STAGE)
    job = _job(read, message.value)
    if letter.stage != stage or (job is not None and not _is_of(job, named, letter)):
        log.warning(
            "dead letter %d:%d is not of the job that its key names; ignored", message.partition, message.offset
        )
        IGNORED.inc()
        return None
    return replace(named, job=job)


def _job(read: Callable[[bytes], PromptJob], value: bytes | None) -> PromptJob | None:
    try:
        return read(value or b"")
    except DecodeError:
        return None


def _is_of(job: PromptJob, named: DeadJob, letter: DeadLetter) -> bool:
    right_topic = not letter.topic.startswith(JOBS) or letter.topic == jobs_topic(job.target)
    return right_topic and (job.run_id, job.job_id) == (named.run_id, named.job_id)
