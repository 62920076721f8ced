"""From messages to what is to be recorded, and from what was recorded to the rates that are published."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from seep.codec import DecodeError, decode_manifest, decode_scored_job, encode_rate
from seep.deadletter import dead_letter, read_dead_letter
from seep.messages import Message, Outgoing, Send
from seep.records import LeakRate, RunManifest, ScoredJob
from seep.topics import DEAD_LETTERS, RATES, RUNS, SCORES, rate_key
from services.aggregator.dead import DeadJob, dead_job
from services.aggregator.flaws import flaw
from services.aggregator.store import Store

STAGE = "aggregator"
DECODERS: dict[str, Callable[[bytes], ScoredJob | RunManifest]] = {RUNS: decode_manifest, SCORES: decode_scored_job}


@dataclass(frozen=True)
class Batch:
    """Messages of the aggregator's three topics, sorted by what they say."""

    scored: list[ScoredJob]
    manifests: list[RunManifest]
    dead: list[DeadJob]
    unusable: list[Outgoing]


def read_batch(messages: Sequence[Message]) -> Batch:
    """Sorts messages; those that say nothing usable become dead letters."""
    batch = Batch([], [], [], [])
    for message in messages:
        if message.topic == DEAD_LETTERS:
            letter = read_dead_letter(message)
            job = dead_job(message.key, letter.stage, letter.reason)
            batch.dead.extend([job] if job else [])
        else:
            _sort(message, batch)
    return batch


def publish_changed(store: Store, send: Send) -> None:
    """Sends the rates of every run that has changed since they were last sent, then clears the run's mark.

    A crash before the mark is cleared sends the same rates again, onto the same keys.
    """
    for run, mark in store.changed_runs():
        rates = store.rates(run)
        send([_rate_message(rate) for rate in rates])
        store.clear_changed(run, mark, rates)


def _sort(message: Message, batch: Batch) -> None:
    try:
        record = DECODERS[message.topic](message.value or b"")
    except DecodeError as error:
        batch.unusable.append(_dead(message, error, str(error)))
        return
    failure = flaw(record)
    if failure:
        batch.unusable.append(_dead(message, failure, failure.reason))
    elif isinstance(record, RunManifest):
        batch.manifests.append(record)
    else:
        batch.scored.append(record)


def _dead(message: Message, error: object, reason: str) -> Outgoing:
    return dead_letter(message, stage=STAGE, class_name=type(error).__qualname__, reason=reason)


def _rate_message(rate: LeakRate) -> Outgoing:
    return Outgoing(RATES, rate_key(rate), encode_rate(rate))
