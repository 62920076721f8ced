"""Why a broker takes no connection, or refuses what is asked of it, as an operator reads it."""

import pytest
from kafka.errors import (
    GroupAuthorizationFailedError,
    KafkaTimeoutError,
    SaslAuthenticationFailedError,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)

from seep.kafka.broker import BrokerUnavailable
from seep.kafka.connection import broker_errors, unreachable
from seep.settings import Kafka

SECRET = "swordfish"


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (SaslAuthenticationFailedError(f"SCRAM: {SECRET}"), "the broker refuses kafka.sasl_plain_username"),
        (UnsupportedSaslMechanismError(SECRET), "the broker does not know kafka.sasl_mechanism"),
        (TopicAuthorizationFailedError("seep.scores"), "no right to the topic (an ACL is missing): seep.scores"),
        (GroupAuthorizationFailedError(SECRET), "no right to the consumer group (an ACL is missing)"),
        (KafkaTimeoutError(SECRET), "KafkaTimeoutError"),
        (RuntimeError(SECRET), "RuntimeError"),
        (OSError(SECRET), "OSError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_login_rights_and_outages_are_told_apart_and_nothing_is_quoted(error: Exception, meaning: str) -> None:
    with pytest.raises(BrokerUnavailable) as raised, broker_errors("polling failed"):
        raise error
    assert str(raised.value).startswith("polling failed: ")
    assert meaning in str(raised.value)
    assert SECRET not in str(raised.value)


def test_a_broker_that_is_away_is_no_refusal() -> None:
    kafka = Kafka(bootstrap_servers="127.0.0.1:1", security_protocol="SASL_SSL", sasl_plain_password=SECRET)
    line = unreachable(kafka, KafkaTimeoutError("Unable to bootstrap"))
    assert line == "kafka.bootstrap_servers: no broker answers at 127.0.0.1:1"
    login = unreachable(kafka, SaslAuthenticationFailedError(SECRET))
    assert login.startswith("kafka.bootstrap_servers: 127.0.0.1:1: the broker refuses kafka.sasl_plain_username")
    assert SECRET not in login
