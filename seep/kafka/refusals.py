"""Why a broker let this process not log in: kafka-python (3.0.12) loses it twice, and says only that time is over."""

import time
from typing import Any

from kafka.errors import SaslAuthenticationFailedError, UnsupportedSaslMechanismError
from kafka.net.connection import KafkaConnection
from kafka.net.transport import KafkaSSLTransport, KafkaTCPTransport

# A client tries for five seconds before its time is over.
RECENT_SECONDS = 10.0
REFUSALS = (SaslAuthenticationFailedError, UnsupportedSaslMechanismError)

_last: list[tuple[float, BaseException]] = []


def recent_refusal() -> BaseException | None:
    """The last refusal to log in, of any connection of this process, if it is seconds old."""
    return next((error for at, error in _last if time.monotonic() - at < RECENT_SECONDS), None)


def _let_the_last_word_through(transport: Any) -> None:
    """Has a connection hand on what came together with its end.

    The client drops it, and with it the answer of a broker that hangs up at once because it refuses a password. The end
    is met again when the connection is read the next time.
    """
    receive = transport._sock_recv

    def received(connection: Any) -> tuple[bytes, BaseException | None]:
        data, error = receive(connection)
        return data, None if data else error

    transport._sock_recv = received


def _note_refusals(connections: Any) -> None:
    authenticate = connections._sasl_authenticate

    async def noting(connection: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return await authenticate(connection, *arguments, **options)
        except REFUSALS as error:
            _last[:] = [(time.monotonic(), error)]
            raise

    connections._sasl_authenticate = noting


_let_the_last_word_through(KafkaTCPTransport)
_let_the_last_word_through(KafkaSSLTransport)
_note_refusals(KafkaConnection)
