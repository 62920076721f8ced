"""Why a broker takes no connection, or refuses what is asked of it, as an operator reads it."""

from pathlib import Path

import pytest
from kafka.errors import (
    GroupAuthorizationFailedError,
    KafkaTimeoutError,
    SaslAuthenticationFailedError,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)
from pydantic import ValidationError

from seep.errors import InputError
from seep.kafka.broker import BrokerUnavailable
from seep.kafka.connection import broker_errors, connection_options, unreachable
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


def test_a_token_is_read_again_at_each_login(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    kafka = Kafka(sasl_mechanism="OAUTHBEARER", sasl_oauth_token_file=file, security_protocol="SASL_SSL")
    provider = connection_options(kafka)["sasl_oauth_token_provider"]
    assert provider.token() == "first"
    file.write_text("second\n")
    assert provider.token() == "second"
    file.write_text("two words\n")
    with pytest.raises(InputError, match=r"kafka\.sasl_oauth_token_file: .*: expected one word"):
        connection_options(kafka)


@pytest.mark.parametrize("given", [{"sasl_mechanism": "OAUTHBEARER"}, {"sasl_oauth_token_file": "token"}])
def test_a_token_and_its_mechanism_go_together(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="expected both or neither"):
        Kafka.model_validate(given)
