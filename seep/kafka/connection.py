"""How the real broker is reached; what Kafka's client is told wherever it is used."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaTimeoutError,
    SaslAuthenticationFailedError,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)
from kafka.net.sasl.oauth import AbstractTokenProvider

from seep.kafka.broker import BrokerUnavailable
from seep.kafka.refusals import recent_refusal
from seep.settings import Kafka

# Topics made after a service has started are found at the next refresh; the client's default is five minutes.
METADATA_MAX_AGE_MS = 5_000
# So long a client for administration waits for the first answer.
BOOTSTRAP_MS = 5_000
MEANINGS: Mapping[type[BaseException], str] = {
    SaslAuthenticationFailedError: "the broker refuses kafka.sasl_plain_username with its password, or the token",
    UnsupportedSaslMechanismError: "the broker does not know kafka.sasl_mechanism",
    GroupAuthorizationFailedError: "this user has no right to the consumer group (an ACL is missing)",
    ClusterAuthorizationFailedError: "this user has no right to the cluster (an ACL is missing)",
}


def open_admin(kafka: Kafka) -> KafkaAdminClient:
    """A client for administration. Raises BrokerUnavailable after five seconds without an answer."""
    try:
        return KafkaAdminClient(**connection_options(kafka), bootstrap_timeout_ms=BOOTSTRAP_MS)
    except Exception as error:
        raise BrokerUnavailable(unreachable(kafka, error)) from error


@contextmanager
def broker_errors(what: str) -> Iterator[None]:
    """Raises BrokerUnavailable for whatever the client raises: not all of that is a KafkaError."""
    try:
        yield
    except BrokerUnavailable:
        raise
    except Exception as error:
        raise BrokerUnavailable(f"{what}: {explain(error)}") from error


def connection_options(kafka: Kafka) -> dict[str, Any]:
    """The keyword arguments that each of the client's classes takes. Raises InputError for an unreadable password."""
    names = Kafka.model_fields.keys() - {"topics", "sasl_plain_password_file", "sasl_oauth_token_file"}
    values = {name: getattr(kafka, name) for name in names} | {"sasl_plain_password": kafka.resolved_password()}
    given = {name: _plain(value) for name, value in values.items() if value is not None}
    if kafka.sasl_mechanism == "OAUTHBEARER":
        given["sasl_oauth_token_provider"] = TokenFromFile(kafka)
    # A broker that comes back is noticed within seconds; the client's default waits up to 30.
    return given | {"metadata_max_age_ms": METADATA_MAX_AGE_MS, "reconnect_backoff_max_ms": 2_000}


class TokenFromFile(AbstractTokenProvider):  # type: ignore[misc]  # kafka-python has no types
    """The token as it is at each login: whoever renews it in its file need start nothing again."""

    def __init__(self, kafka: Kafka) -> None:
        """Raises InputError if there is no token now."""
        self._kafka = kafka
        self.token()

    def token(self) -> str:
        """Raises InputError if there is none."""
        return self._kafka.token()


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def unreachable(kafka: Kafka, error: BaseException) -> str:
    """The line that a person reads if no broker takes a connection: why, as far as that can be known."""
    if not isinstance(error, KafkaTimeoutError):
        return f"kafka.bootstrap_servers: {kafka.bootstrap_servers}: {explain(error)}"
    # The client tries until its time is over, and then no longer knows what was wrong.
    if (refusal := recent_refusal()) is not None:
        return f"kafka.bootstrap_servers: {kafka.bootstrap_servers}: {explain(refusal)}"
    return _tls_failure(kafka) or f"kafka.bootstrap_servers: no broker answers at {kafka.bootstrap_servers}"


def explain(error: BaseException) -> str:
    """What an error of the client means to an operator; its own text may quote data, so it is not shown."""
    for kind, meaning in MEANINGS.items():
        if isinstance(error, kind):
            return meaning
    if isinstance(error, TopicAuthorizationFailedError):
        named = [str(argument) for argument in error.args]
        return f"this user has no right to the topic (an ACL is missing){': ' if named else ''}{', '.join(named)}"
    return type(error).__name__


def _tls_failure(kafka: Kafka) -> str | None:
    """What a TLS handshake with the first broker says; None if it succeeds, or nobody is there to have one with."""
    if "SSL" not in kafka.security_protocol:
        return None
    host, _, port = kafka.bootstrap_servers.partition(",")[0].rpartition(":")
    try:
        context = ssl.create_default_context(cafile=kafka.ssl_cafile)
        if kafka.ssl_certfile:
            context.load_cert_chain(kafka.ssl_certfile, kafka.ssl_keyfile)
        with (
            socket.create_connection((host.strip("[]"), int(port)), timeout=2) as connection,
            context.wrap_socket(connection, server_hostname=host.strip("[]")),
        ):
            return None
    except ssl.SSLCertVerificationError as error:
        return f"kafka.ssl_cafile: the certificate of {host}:{port} is not accepted: {error.verify_message}"
    except ssl.SSLError as error:
        return f"kafka.security_protocol: no TLS with {host}:{port}: {error.reason or 'it fails'}"
    except OSError:
        return None
