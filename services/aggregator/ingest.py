"""From messages to what is to be recorded."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from results.dead_jobs import DeadJob
from seep.codec import DecodeError, decode_manifest, decode_scored_job, decode_wait
from seep.kafka.dead_letters import dead_letter
from seep.kafka.messages import Message, Outgoing
from seep.kafka.topics import DEAD_LETTERS, RUNS, SCORES, WAITS
from seep.records import Failure, RunManifest, RunWait, ScoredJob
from services.aggregator.dead_letters import STAGE, read_dead_job
from services.aggregator.validation import validate

GROUP = "seep-aggregator"
DECODERS: dict[str, Callable[[bytes], ScoredJob | RunManifest | RunWait]] = {
    RUNS: decode_manifest,
    SCORES: decode_scored_job,
    WAITS: decode_wait,
}


@dataclass(frozen=True)
class Batch:
    """Messages of the aggregator's four topics, sorted by what they say; `sources` are those of `scored`."""

    sources: list[Message]
    scored: list[ScoredJob]
    manifests: list[RunManifest]
    dead: list[DeadJob]
    waits: list[RunWait]
    unusable: list[Outgoing]


def read_batch(messages: Sequence[Message]) -> Batch:
    """Sorts messages; those that say nothing usable become dead letters."""
    batch = Batch([], [], [], [], [], [])
    for message in messages:
        if message.topic == DEAD_LETTERS:
            job = read_dead_job(message)
            batch.dead.extend([job] if job else [])
        else:
            _sort(message, batch)
    return batch


def not_of_their_run(batch: Batch, positions: Iterable[int]) -> list[Outgoing]:
    """The dead letters of scored jobs that are not of the run whose id they have."""
    reason = "not of its run, which was sent with another target, suite or sample count"
    return [_dead(batch.sources[position], Failure(reason), reason) for position in positions]


def _sort(message: Message, batch: Batch) -> None:
    try:
        record = DECODERS[message.topic](message.value or b"")
    except DecodeError as error:
        batch.unusable.append(_dead(message, error, str(error)))
        return
    failure = validate(record)
    if failure:
        batch.unusable.append(_dead(message, failure, failure.reason))
    elif isinstance(record, RunManifest):
        batch.manifests.append(record)
    elif isinstance(record, RunWait):
        batch.waits.append(record)
    else:
        batch.scored.append(record)
        batch.sources.append(message)


def _dead(message: Message, error: object, reason: str) -> Outgoing:
    return dead_letter(message, stage=STAGE, class_name=type(error).__qualname__, reason=reason)
