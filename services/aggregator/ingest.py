"""From messages to what is to be recorded, and from what was recorded to the rates that are published."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from results.dead_jobs import DeadJob, dead_job
from results.runs import FINISHED
from results.storage.judgements import Judgements
from results.storage.store import Store
from seep.codec import DecodeError, decode_manifest, decode_scored_job, encode_rate
from seep.kafka.dead_letters import dead_letter, read_dead_letter
from seep.kafka.messages import Message, Outgoing, Send
from seep.kafka.topics import DEAD_LETTERS, RATES, RUNS, SCORES, rate_key
from seep.records import LeakRate, RunManifest, ScoredJob
from seep.settings import Monitor
from services.aggregator.validation import flaw

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


def publish_changed(store: Store, send: Send, monitors: Mapping[str, Monitor]) -> None:
    """Judges every run that has changed since its rates were last sent and sends them, then clears the run's mark.

    A crash before the mark is cleared judges again, to the same end, and sends the same rates onto the same keys.
    """
    tested = {name: monitor for name, monitor in monitors.items() if monitor.baseline}
    for run, mark in store.changed_runs():
        if tested:
            judge_finished(store, run, tested)
        store.publish(run, mark, lambda rates: send([_rate_message(rate) for rate in rates]))


def judge_finished(store: Store, run_id: str, monitors: Mapping[str, Monitor]) -> None:
    """Compares a finished run with the baseline of the monitor it belongs to, and adds it to the monitor's stream.

    Nothing happens for a run that is not finished, or that belongs to no monitor with a baseline.
    """
    summary = store.run(run_id)
    if summary is None or summary.state not in FINISHED:
        return
    monitor = monitors.get(summary.monitor)
    if monitor is not None and monitor.baseline is not None:
        Judgements(store).conclude(summary.monitor, monitor.baseline, run_id)


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
