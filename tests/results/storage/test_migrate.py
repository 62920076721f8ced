"""Migrations on a real database."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg.conninfo import make_conninfo

from results.storage.database import DatabaseUnavailable
from results.storage.migrate import migrate
from results.storage.versions import is_current, newest
from seep.errors import InputError

ALL_TABLES = {
    *("alembic_version", "runs", "jobs", "test_sums", "comparisons", "provenances", "cluster_sums", "rates"),
    *("baselines", "baseline_runs", "verdicts", "monitor_runs", "monitor_evidence", "monitor_references"),
    *("monitor_schedules", "run_waits", "announced", "outbox"),
    *("recorded_comparisons", "sample_sums", "shared_answers"),
}


def tables(dsn: str) -> set[str]:
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        return {name for (name,) in rows}


def test_migrating_twice_is_migrating_once(postgres_dsn: str) -> None:
    migrate(postgres_dsn)
    migrate(postgres_dsn)
    assert tables(postgres_dsn) == ALL_TABLES


def test_the_schema_of_a_later_version_is_left_as_it_is(postgres_dsn: str) -> None:
    migrate(postgres_dsn)
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'later'")
    migrate(postgres_dsn)
    with psycopg.connect(postgres_dsn) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("later",)]


def test_the_module_migrates_the_configured_database_however_often_it_runs(postgres_dsn: str, tmp_path: Path) -> None:
    for _ in range(2):
        done = run_migrations(tmp_path, {"SEEP_DATABASE__DSN": postgres_dsn})
        assert done.returncode == 0, done.stderr
    assert tables(postgres_dsn) == ALL_TABLES


@pytest.mark.slow
def test_the_module_says_in_one_line_that_no_database_is_configured(tmp_path: Path) -> None:
    done = run_migrations(tmp_path, {})
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("database.dsn: ")


def test_the_module_waits_in_one_line_a_time_for_rights_and_then_migrates(
    postgres_dsn: str, powerless: str, tmp_path: Path
) -> None:
    dsn = make_conninfo(postgres_dsn, user=powerless)
    with started_migrations(tmp_path, {"SEEP_DATABASE__DSN": dsn}) as running:
        assert running.stderr is not None
        try:
            warning = next(line for line in running.stderr if "WARNING" in line)
            with psycopg.connect(postgres_dsn) as connection:
                connection.execute(f"GRANT CREATE ON SCHEMA public TO {powerless}".encode())
            _, rest = running.communicate(timeout=300)
        finally:
            running.kill()
    assert warning.endswith(": PostgreSQL: permission denied for schema public; waiting\n")
    assert (running.returncode, "Traceback" in rest) == (0, False)
    assert tables(postgres_dsn) == ALL_TABLES


def test_a_server_that_takes_no_writes_is_unavailable(postgres_dsn: str) -> None:
    with pytest.raises(
        DatabaseUnavailable, match=r"^PostgreSQL: cannot execute CREATE TABLE in a read-only transaction"
    ):
        migrate(make_conninfo(postgres_dsn, options="-c default_transaction_read_only=on"))


def run_migrations(folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The module as a process, to its end."""
    with started_migrations(folder, environment) as running:
        out, err = running.communicate()
    return subprocess.CompletedProcess(running.args, running.returncode, out, err)


def started_migrations(folder: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    """The module as a process, with no configuration but the environment."""
    config = folder / "seep.yaml"
    config.write_text("{}", encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, "-m", "services.aggregator.migrate", "--config", str(config)],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


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


def test_a_schema_is_current_once_all_migrations_ran(postgres_dsn: str, powerless: str) -> None:
    assert not is_current(postgres_dsn)
    migrate(postgres_dsn)
    assert is_current(postgres_dsn)
    # Who may not look leaves it to who migrates to say so.
    assert not is_current(make_conninfo(postgres_dsn, user=powerless))
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'later'")
    assert not is_current(postgres_dsn)


def test_the_newest_migration_is_the_one_that_alembic_takes_for_its_head() -> None:
    config = Config()
    config.set_main_option("script_location", "results.storage:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == newest()
