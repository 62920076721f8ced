"""What is told of broker and database."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from cli.doctor.servers import broker, database
from deploy.local.broker import free_port
from results.storage.facts import DatabaseFacts, database_facts
from seep.local_postgres import local_postgres, running_dsn
from seep.settings import Database, Kafka, Settings


@pytest.fixture
def without_encoding(postgres_dsn: str) -> Iterator[str]:
    """A database of no encoding."""
    with psycopg.connect(postgres_dsn, autocommit=True) as server:
        server.execute("CREATE DATABASE plain ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'")
        yield make_conninfo(postgres_dsn, dbname="plain")
        server.execute("DROP DATABASE plain WITH (FORCE)")


def test_a_database_that_will_do(dsn: str) -> None:
    finding = database(Settings(database=Database(dsn=dsn)))
    assert finding.state == "ok"
    assert "UTF8" in finding.text
    assert "empty" not in finding.text
    facts = database_facts(dsn, 60.0)
    assert (facts.encoding, facts.through_pooler, facts.has_schema) == ("UTF8", False, True)


def test_an_embedded_database_is_looked_into_only_while_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert database(Settings()).text == f"embedded, in {tmp_path}/.share/seep/postgres; is made by the first command"
    assert not Path(".share").exists()
    with local_postgres(Path(".share/seep/postgres")) as running:
        assert running_dsn(Path(".share/seep/postgres")) == running
        assert f"in {tmp_path}/.share/seep/postgres, in use: PostgreSQL" in database(Settings()).text
    assert database(Settings()).text.endswith("; starts with the next command")


def test_a_database_without_utf8_is_missing(without_encoding: str) -> None:
    finding = database(Settings(database=Database(dsn=without_encoding)))
    assert finding.state == "missing"
    assert "expected a database in UTF-8" in finding.text
    assert finding.text.endswith("found one in SQL_ASCII")


def test_a_pooler_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = DatabaseFacts("18.4", "UTF8", through_pooler=True, has_schema=False)
    monkeypatch.setattr("cli.doctor.servers.database_facts", lambda dsn, seconds: facts)
    finding = database(Settings(database=Database(dsn="postgresql://me:secret@pooler:6432/seep")))
    assert finding.text == ("database seep at pooler:6432: PostgreSQL 18.4, UTF8, through a pooler, still empty")


def test_no_broker_is_missed_only_where_one_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"127.0.0.1:{free_port()}"
    configured = broker(Settings(kafka=Kafka(bootstrap_servers=address)))
    assert (configured.state, configured.text) == ("missing", f"none at {address}")
    # Someone's broker may be at the usual port of this machine.
    monkeypatch.setattr("cli.doctor.servers._answers", lambda address: False)
    assert broker(Settings()).state == "note"
