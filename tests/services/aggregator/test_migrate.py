"""Migrations on a real database."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from seep.errors import InputError
from services.aggregator.migrate import migrate
from services.aggregator.store import DatabaseUnavailable


def tables(dsn: str) -> set[str]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        return {name for (name,) in rows}


def test_migrating_twice_is_migrating_once(postgres_dsn: str) -> None:
    migrate(postgres_dsn)
    migrate(postgres_dsn)
    judgements = {"baselines", "baseline_runs", "verdicts", "monitor_runs", "monitor_scores"}
    assert tables(postgres_dsn) == {"alembic_version", "runs", "jobs", "test_sums", "comparisons"} | judgements


def test_services_that_start_together_may_all_migrate(postgres_dsn: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, [postgres_dsn] * 4))
    assert "runs" in tables(postgres_dsn)


def test_a_database_that_is_not_there_is_unavailable(postgres_dsn: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="nowhere"):
        migrate(make_conninfo(postgres_dsn, dbname="nowhere"))


def test_a_malformed_dsn_is_refused_without_repeating_its_password() -> None:
    with pytest.raises(InputError) as refusal:
        migrate("postgresql://user:secret@[/")
    assert "database.dsn" in str(refusal.value)
    assert "secret" not in str(refusal.value)
