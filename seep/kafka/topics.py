"""The names of the topics, and how each is created."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from seep.records import LeakRate, RunWait
from seep.settings import Settings, Topics

GENERATIONS = "seep.generations"
SCORES = "seep.scores"
RUNS = "seep.runs"
RATES = "seep.rates"
WAITS = "seep.waits"
EVENTS = "seep.events"
DEAD_LETTERS = "seep.dead-letters"

# A job's message carries all its texts; the broker's default of 1 MiB holds about a hundred tests of five samples.
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
# Manifests and rates: a rate carries what all jobs of its run agree on. It is the broker's default, unless who runs it
# has set another.
MAX_TABLE_MESSAGE_BYTES = 1024 * 1024
# What is sent before it is compressed, and what is read after: beyond it, a message is a bomb.
MAX_UNCOMPRESSED_BYTES = 2 * MAX_MESSAGE_BYTES
# A dead letter carries the message, and headers beside it.
MAX_DEAD_LETTER_BYTES = MAX_MESSAGE_BYTES + 1024 * 1024


def jobs_topic(target: str) -> str:
    """The topic that jobs for one target are sent to."""
    return f"seep.jobs.{target}"


def job_key(run_id: str, job_id: str) -> bytes:
    """The key of a job's messages in every stage."""
    return f"{run_id}/{job_id}".encode()


def split_job_key(key: bytes | None) -> tuple[str, str] | None:
    """Run and job named by a key; None if it is not a job's key."""
    try:
        run, separator, job = (key or b"").decode().partition("/")
    except UnicodeDecodeError:
        return None
    return (run, job) if run and separator and job else None


def rate_key(rate: LeakRate) -> bytes:
    """The key of a rate's message: one current value per run, metric and category."""
    return f"{rate.run_id}/{rate.metric}/{rate.category}".encode()


def wait_key(wait: RunWait) -> bytes:
    """The key of what is said of a run that waits: one current value per run and stage."""
    return f"{wait.run_id}/{wait.stage}".encode()


@dataclass(frozen=True)
class TopicConfig:
    """How a topic is created; names and values of `options` are Kafka's own."""

    partitions: int
    replication_factor: int = 1
    options: Mapping[str, str] = field(default_factory=dict)


def configured_topics(settings: Settings) -> dict[str, TopicConfig]:
    """The configuration of every topic that these settings want, by name."""
    return topic_configs(settings.targets, settings.kafka.topics, settings.events.topic)


def topic_configs(targets: Iterable[str], topics: Topics, events: bool = False) -> dict[str, TopicConfig]:
    """The configuration of every topic, by name; that of events only if they are sent there."""
    # The broker's clock counts. With a sender's own, retention would delete what is new if that clock were behind, and
    # the broker would refuse everything if it were ahead.
    common = {"message.timestamp.type": "LogAppendTime", "max.message.bytes": str(MAX_MESSAGE_BYTES)}
    retention = {"retention.ms": str(topics.retention_hours * 3_600_000)}
    stream = TopicConfig(topics.partitions, topics.replication_factor, common | retention)
    letters = replace(stream, options={**stream.options, "max.message.bytes": str(MAX_DEAD_LETTER_BYTES)})
    # One partition for good: with more of them a key would move, and leave its older values.
    compacted = {"cleanup.policy": "compact", "max.message.bytes": str(MAX_TABLE_MESSAGE_BYTES)}
    table = TopicConfig(1, topics.replication_factor, common | compacted)
    names = [*(jobs_topic(target) for target in targets), GENERATIONS, SCORES, *([EVENTS] if events else [])]
    return dict.fromkeys(names, stream) | {DEAD_LETTERS: letters, RUNS: table, RATES: table, WAITS: table}
