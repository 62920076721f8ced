"""Whoever sends a secret in the clear, or to whoever answers, is told so once."""

from collections.abc import Mapping

import pytest

from results.storage.database import exposure
from seep.settings import Settings
from seep.settings.exposure import exposures, is_local

KEY = {"backend": "openai", "model": "m", "api_key_env": "KEY"}


def lines(engine: Mapping[str, object], **kafka: object) -> list[str]:
    return exposures(Settings.model_validate({"engines": {"e": engine}, "kafka": kafka}))


@pytest.mark.parametrize("url", ["http://models.example/v1", "http://10.0.0.7/v1", "http://[2001:db8::1]/v1"])
def test_a_key_over_http_is_told(url: str) -> None:
    assert lines(KEY | {"base_url": url}) == [
        "engines.e.base_url: the key is sent in the clear; https would protect it"
    ]
    secret = {"backend": "openai", "model": "m", "base_url": url, "secret_headers": {"X-Key": {"env": "KEY"}}}
    assert len(lines(secret)) == 1


@pytest.mark.parametrize(
    "url", ["https://models.example/v1", "http://localhost:1/v1", "http://127.0.0.1/v1", "http://[::1]/"]
)
def test_a_key_that_nobody_can_read_on_the_way_is_not(url: str) -> None:
    assert lines(KEY | {"base_url": url}) == []
    assert lines({"backend": "openai", "model": "m", "base_url": "http://models.example"}) == []


def test_a_brokers_password_in_the_clear_is_told() -> None:
    login = {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "PLAIN",
        "bootstrap_servers": "localhost:1,kafka:2",
    }
    engine = KEY | {"base_url": "https://h"}
    (line,) = lines(engine, **login)
    assert line.startswith("kafka.security_protocol: the password is sent in the clear")
    assert lines(engine, **login | {"security_protocol": "SASL_SSL"}) == []
    assert lines(engine, **login | {"sasl_mechanism": "SCRAM-SHA-512"}) == []
    assert lines(engine, **login | {"bootstrap_servers": "localhost:1"}) == []


def test_a_database_elsewhere_whose_name_is_not_verified_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGHOST", raising=False)
    monkeypatch.delenv("PGSSLMODE", raising=False)
    assert "sslmode=prefer" in str(exposure("postgresql://u:secret@db.example/x"))
    assert "sslmode=require" in str(exposure("host=db.example sslmode=require"))
    assert "secret" not in str(exposure("postgresql://u:secret@db.example/x"))
    for dsn in (
        "host=db.example sslmode=verify-full",
        "host=/run/postgresql",
        "postgresql://u@localhost/x",
        "dbname=x",
    ):
        assert exposure(dsn) is None
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    assert exposure("host=db.example") is None


@pytest.mark.parametrize("host", ["", "/run", "localhost", "a.localhost", "127.8.9.1", "::1", "[::1]"])
def test_what_stays_on_this_machine_is_local(host: str) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", ["models.example", "203.0.113.5", "localhost.example", "2001:db8::1", "127.1"])
def test_what_leaves_it_is_not(host: str) -> None:
    assert not is_local(host)
