"""Sending through the real broker."""

from collections.abc import Sequence

from kafka import KafkaProducer
from kafka.errors import KafkaError

from seep.kafka.broker import BrokerUnavailable
from seep.kafka.connection import connection_options, open_admin, unreachable
from seep.kafka.messages import Outgoing
from seep.kafka.topics import MAX_MESSAGE_BYTES
from seep.settings import Kafka

SEND_TIMEOUT_SECONDS = 60.0


class KafkaSender:
    """A producer that answers for every message."""

    def __init__(self, kafka: Kafka) -> None:
        """Raises BrokerUnavailable if no broker answers."""
        self._kafka = kafka
        self._producer: KafkaProducer | None = self._connected()

    def send(self, outgoing: Sequence[Outgoing]) -> None:
        """Sends all and waits for each to be acknowledged; raises BrokerUnavailable if one was not."""
        try:
            producer = self._producer = self._producer or self._connected()
            # flush() does not raise for records that failed, so each future is read.
            futures = [
                producer.send(message.topic, message.value, message.key, list(message.headers)) for message in outgoing
            ]
            for future in futures:
                future.get(timeout=SEND_TIMEOUT_SECONDS)
        except KafkaError as error:
            # Some errors leave an idempotent producer unusable for good; a new one costs little.
            self.close()
            raise BrokerUnavailable(f"the broker did not take a message: {type(error).__name__}") from error

    def close(self) -> None:
        """Ends the connection without waiting for messages whose sending failed."""
        if self._producer is not None:
            self._producer.close(timeout=2)
            self._producer = None

    def _connected(self) -> KafkaProducer:
        # A producer waits 30 s for a broker that is not there, longer than a stopping service has.
        open_admin(self._kafka).close()
        try:
            return KafkaProducer(
                **connection_options(self._kafka),
                acks="all",
                # The texts of a job repeat its concepts and categories over and over.
                compression_type="gzip",
                linger_ms=5,
                # Before compression; the topic's limit is on what is stored.
                max_request_size=4 * MAX_MESSAGE_BYTES,
                delivery_timeout_ms=int(SEND_TIMEOUT_SECONDS * 1000) - 5_000,
                request_timeout_ms=10_000,
                max_block_ms=10_000,
            )
        except KafkaError as error:
            raise BrokerUnavailable(unreachable(self._kafka)) from error
