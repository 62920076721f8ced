"""Sending through the real broker."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from kafka import KafkaProducer
from kafka.errors import InvalidRecordError, KafkaError, MessageSizeTooLargeError, RecordListTooLargeError

from seep.kafka.broker import BrokerUnavailable, MessagesRefused
from seep.kafka.connection import connection_options, explain, open_admin, unreachable
from seep.kafka.messages import Outgoing
from seep.kafka.topics import MAX_UNCOMPRESSED_BYTES
from seep.settings import Kafka

SEND_TIMEOUT_SECONDS = 60.0
BATCH_BYTES = 512 * 1024
# A message's own fault: the broker is well, and trying again does not help. The last two are of what no record can
# hold. Other errors are the broker's, or an operator's: no such topic, no right to it, a wrong clock.
OWN_FAULTS = (MessageSizeTooLargeError, RecordListTooLargeError, InvalidRecordError, TypeError, ValueError)


class KafkaSender:
    """A producer that answers for every message."""

    def __init__(self, kafka: Kafka) -> None:
        """Raises BrokerUnavailable if no broker answers."""
        self._kafka = kafka
        self._producer: KafkaProducer | None = self._connected()

    def send(self, outgoing: Sequence[Outgoing]) -> None:
        """Sends all and waits for each to be acknowledged.

        Raises BrokerUnavailable if one was not, and MessagesRefused, at the end, for those whose own fault it is.
        """
        refused = self._send_together(outgoing)
        if refused and len(outgoing) > 1:
            # The broker refuses what was stored in one batch together, whichever of it is at fault.
            refused = [found for message, _ in refused for found in self._send_together([message])]
        if refused:
            raise MessagesRefused([message for message, _ in refused], refused[0][1])

    def _send_together(self, outgoing: Sequence[Outgoing]) -> list[tuple[Outgoing, str]]:
        """Those that were refused, each with the reason."""
        refused: list[tuple[Outgoing, str]] = []
        try:
            producer = self._producer = self._producer or self._connected()
            # All at once: the client looks up each new topic when it comes to it, a tenth of a second after the last.
            for topic in {message.topic for message in outgoing}:
                with suppress(*OWN_FAULTS):  # a name that is none is refused with its message
                    producer._sender.add_topic(topic)
            # flush() does not raise for records that failed, so each future is read.
            for message, result in [(message, _sent(producer, message)) for message in outgoing]:
                error = result if isinstance(result, Exception) else _outcome(result)
                if error is not None:
                    refused.append((message, type(error).__name__))
        except BrokerUnavailable:
            raise
        except Exception as error:  # the client raises more than its own errors
            # Some errors leave an idempotent producer unusable for good; a new one costs little.
            self.close()
            raise BrokerUnavailable(f"the broker did not take a message: {explain(error)}") from error
        if refused:
            self.close()
        return refused

    def close(self) -> None:
        """Ends the connection without waiting for messages whose sending failed."""
        producer, self._producer = self._producer, None
        if producer is not None:
            # Otherwise `close` waits for what cannot be sent, raises that it has waited, and leaves a thread behind.
            producer._sender.force_close()
            with suppress(Exception):
                producer.close(timeout=2)

    def _connected(self) -> KafkaProducer:
        # A producer waits 30 s for a broker that is not there, longer than a stopping service has.
        open_admin(self._kafka).close()
        try:
            return KafkaProducer(
                **connection_options(self._kafka),
                acks="all",
                # The texts of a job repeat its concepts and categories over and over. As small as with the client's
                # gzip, whose level cannot be chosen, in a thirtieth of the time.
                compression_type="zstd",
                # What is sent together is stored and fetched together: with the client's 16 KiB each job went alone,
                # and the next service took a run in small batches. Below what any topic takes in one batch.
                batch_size=BATCH_BYTES,
                linger_ms=5,
                # Before compression; the topic's limit is on what is stored.
                max_request_size=MAX_UNCOMPRESSED_BYTES,
                delivery_timeout_ms=int(SEND_TIMEOUT_SECONDS * 1000) - 5_000,
                request_timeout_ms=10_000,
                max_block_ms=10_000,
            )
        except Exception as error:
            raise BrokerUnavailable(unreachable(self._kafka, error)) from error


def _sent(producer: KafkaProducer, message: Outgoing) -> Any:
    """The future of a message that is on its way, or the error that is its own."""
    try:
        return producer.send(message.topic, message.value, message.key, list(message.headers))
    except OWN_FAULTS as error:
        return error


def _outcome(future: Any) -> Exception | None:
    """Waits for a message: None if it is stored, the error if it was refused. Raises what is the broker's fault."""
    try:
        future.get(timeout=SEND_TIMEOUT_SECONDS)
        return None
    except KafkaError as error:
        # The plain error is how the client says that another record of the same batch was refused.
        if isinstance(error, OWN_FAULTS) or type(error) is KafkaError:
            return error  # type: ignore[no-any-return]
        raise
