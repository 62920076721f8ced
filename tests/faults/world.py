"""The stack that faults are tried on."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.local.broker import LocalBroker
from tests.faults.questions import MODE, Questions
from tests.stack import Stack, stack_in

PARTITIONS = 6
TARGET = "recorded"
GENERATOR = f"generator-{TARGET}"
STAGES = (GENERATOR, "scorer", "aggregator")


# Small, so that there is a middle.
BATCH_SIZE = 8


def configuration(questions: Questions, batch_size: int = BATCH_SIZE) -> Mapping[str, Any]:
    """No metric, and the smaller of the detectors: restarts are many."""
    return {
        "engines": {TARGET: {"backend": "recorded", "file": str(questions.recorded)}},
        "targets": {TARGET: {"engine": TARGET}},
        "metrics": {"sentence_bert": None, "bert_score": None},
        "scoring": {"mode": MODE},
        "worker": {"batch_size": batch_size},
    }


@contextmanager
def faulty_stack(
    folder: Path,
    questions: Questions,
    broker: LocalBroker | None = None,
    replication: int = 1,
    batch_size: int = BATCH_SIZE,
) -> Iterator[Stack]:
    """Broker and database run, no service does yet."""
    topics = {"partitions": PARTITIONS, "replication_factor": replication}
    with stack_in(folder, configuration(questions, batch_size), broker, topics) as stack:
        del stack.services["api"]
        yield stack
