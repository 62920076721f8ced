"""What Kafka's client is told of the configuration."""

from pathlib import Path

import pytest

from seep.errors import InputError
from seep.kafka.connection import connection_options
from seep.settings import Kafka

SASL = {"security_protocol": "SASL_SSL", "sasl_mechanism": "PLAIN", "sasl_plain_username": "seep"}


def test_a_password_in_a_file_is_the_client_s_password(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret\n", encoding="utf-8")
    options = connection_options(Kafka.model_validate(SASL | {"sasl_plain_password_file": str(file)}))
    assert options == connection_options(Kafka.model_validate(SASL | {"sasl_plain_password": "secret"}))
    assert "sasl_plain_password_file" not in options


def test_a_file_of_a_password_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^kafka\.sasl_plain_password_file: .*/none cannot be read: No such file"):
        connection_options(Kafka.model_validate(SASL | {"sasl_plain_password_file": f"{tmp_path}/none"}))
