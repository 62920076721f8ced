"""The results' database as the commands find it."""

import sys

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from cli.main import main
from services.aggregator.migrate import migrate


def test_a_role_without_rights_is_told_so_in_one_line(
    postgres_dsn: str, powerless: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEEP_DATABASE__DSN", make_conninfo(postgres_dsn, user=powerless))
    monkeypatch.setattr(sys, "argv", ["seep", "runs"])

    def told() -> tuple[object, str]:
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr().err

    assert told() == (2, "seep: PostgreSQL: permission denied for schema public\n")
    migrate(postgres_dsn)
    assert told() == (2, "seep: PostgreSQL: permission denied for table alembic_version\n")
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {powerless}".encode())
    assert told() == (0, "")
