"""One stage of the pipeline: messages in, messages out, each job's own failure as a dead letter; no Kafka, no model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from seep.codec import DecodeError
from seep.errors import Unavailable
from seep.kafka.dead_letters import dead_letter
from seep.kafka.messages import Message, Outgoing
from seep.kafka.topics import MAX_MESSAGE_BYTES, job_key
from seep.records import Failure, PromptJob

# A dead letter carries the message and its headers, so a message must leave room for them.
LARGEST_MESSAGE = MAX_MESSAGE_BYTES - 64 * 1024

Job = TypeVar("Job")
Result = TypeVar("Result")


class Cancelled(Protocol):
    """Says whether a run was cancelled."""

    def __call__(self, run_id: str) -> bool: ...


@dataclass(frozen=True)
class Processed:
    """What became of a batch: what is to be sent, and the messages that must wait, each with its reason."""

    outgoing: list[Outgoing]
    waiting: list[tuple[Message, Unavailable]]


@dataclass(frozen=True)
class Stage(Generic[Job, Result]):
    """How a service turns messages into messages.

    `handle` answers by position: a result, a Failure that is this job's own, or the Unavailable that keeps this job
    alone waiting. What keeps the whole batch waiting it raises. `prompt_job` finds the job that a message began as.
    """

    name: str
    output_topic: str
    decode: Callable[[bytes], Job]
    handle: Callable[[Sequence[Job]], Sequence[Result | Failure | Unavailable]]
    encode: Callable[[Result], bytes]
    prompt_job: Callable[[Job], PromptJob]

    def process(self, messages: Sequence[Message], cancelled: Cancelled) -> Processed:
        """One message out for each message in that need not wait; those of cancelled runs end here."""
        outgoing: list[Outgoing] = []
        waiting: list[tuple[Message, Unavailable]] = []
        decoded: list[tuple[Message, Job]] = []
        for message in messages:
            try:
                job = self.decode(message.value or b"")
            except DecodeError as error:
                outgoing.append(self._dead_letter(message, error, str(error)))
                continue
            if not cancelled(self.prompt_job(job).run_id):
                decoded.append((message, job))
        results = self.handle([job for _, job in decoded]) if decoded else []
        for (message, job), result in zip(decoded, results, strict=True):
            if isinstance(result, Unavailable):
                waiting.append((message, result))
            else:
                outgoing.append(self._outgoing(message, job, result))
        return Processed(outgoing, waiting)

    def _outgoing(self, message: Message, job: Job, result: Result | Failure) -> Outgoing:
        if isinstance(result, Failure):
            return self._dead_letter(message, result, result.reason)
        try:
            value = self.encode(result)
        except ValueError as error:  # a text that UTF-8 cannot carry, or a message beyond protobuf's 2 GiB
            return self._dead_letter(message, error, f"the result cannot be encoded ({type(error).__name__})")
        if len(value) > LARGEST_MESSAGE:
            reason = f"the result has {len(value)} bytes, more than the {LARGEST_MESSAGE} that a message may have"
            return self._dead_letter(message, Failure(reason), reason)
        origin = self.prompt_job(job)
        return Outgoing(self.output_topic, job_key(origin.run_id, origin.job_id), value)

    def _dead_letter(self, message: Message, error: object, reason: str) -> Outgoing:
        return dead_letter(message, stage=self.name, class_name=type(error).__qualname__, reason=reason)
