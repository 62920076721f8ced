"""How the real broker is reached; what Kafka's client is told wherever it is used."""

from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from seep.kafka.broker import BrokerUnavailable
from seep.settings import Kafka

# Topics made after a service has started are found at the next refresh; the client's default is five minutes.
METADATA_MAX_AGE_MS = 5_000


def open_admin(kafka: Kafka) -> KafkaAdminClient:
    """A client for administration. Raises BrokerUnavailable after five seconds without an answer."""
    try:
        return KafkaAdminClient(**connection_options(kafka), bootstrap_timeout_ms=5_000)
    except KafkaError as error:
        raise BrokerUnavailable(unreachable(kafka)) from error


def connection_options(kafka: Kafka) -> dict[str, Any]:
    """The keyword arguments that each of the client's classes takes."""
    names = Kafka.model_fields.keys() - {"topics"}
    given = {name: _plain(getattr(kafka, name)) for name in names if getattr(kafka, name) is not None}
    # A broker that comes back is noticed within seconds; the client's default waits up to 30.
    return given | {"metadata_max_age_ms": METADATA_MAX_AGE_MS, "reconnect_backoff_max_ms": 2_000}


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def unreachable(kafka: Kafka) -> str:
    """The line that a person reads if no broker answers."""
    return f"kafka.bootstrap_servers: no broker answers at {kafka.bootstrap_servers}"
