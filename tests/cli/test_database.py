"""What is wrong with the database is one line that says where it is configured."""

from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from cli.database import announce_database
from results.storage.migrate import migrate
from seep.settings import Database, Settings
from tests.commands import Command


def complaint(command: Command) -> str:
    code, printed, error = command("runs")
    assert (code, printed) == (2, "")
    assert error.count("\n") == 1
    return error


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_folder_that_cannot_be_made(command: Command) -> None:
    Path(".share").write_text("", encoding="utf-8")
    assert complaint(command) == "seep: .share/seep: cannot be written: Not a directory\n"


def test_a_database_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    monkeypatch.setenv("SEEP_DATABASE__DSN", "postgresql://127.0.0.1:1/seep")
    assert complaint(command).startswith("seep: database.dsn: connection failed")
    monkeypatch.delenv("SEEP_DATABASE__DSN")
    Path("dsn").write_text("postgresql://127.0.0.1:1/seep", encoding="utf-8")
    Path("seep.yaml").write_text("database: {dsn_file: dsn}", encoding="utf-8")
    assert complaint(command).startswith("seep: database.dsn_file: connection failed")


def test_a_checkout_has_a_database_of_its_own_and_all_other_folders_share_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "checkout" / ".seep" / "postgres").mkdir(parents=True)
    (tmp_path / "checkout" / "deep" / "er").mkdir(parents=True)
    (tmp_path / "beside").mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    own = "checkout/.seep"
    for folder, place in (
        ("checkout/deep/er", own),
        ("checkout", own),
        ("beside", "home/seep"),
    ):
        monkeypatch.chdir(tmp_path / folder)
        announce_database(Settings())
        assert capsys.readouterr() == ("", f"results: PostgreSQL in {tmp_path}/{place}/postgres\n")


def test_a_configured_database_is_named_without_its_password(capsys: pytest.CaptureFixture[str]) -> None:
    for dsn, name in (
        ("postgresql://me:secret@db.example.com:5433/seep", "database seep at db.example.com:5433"),
        ("host=/run/postgresql dbname=results password=secret", "database results at /run/postgresql"),
    ):
        announce_database(Settings(database=Database(dsn=dsn)))
        assert capsys.readouterr().err == f"results: PostgreSQL, {name}\n"


def test_a_role_that_lacks_rights(
    postgres_dsn: str, powerless: str, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    monkeypatch.setenv("SEEP_DATABASE__DSN", make_conninfo(postgres_dsn, user=powerless))
    refused = "seep: database.dsn: PostgreSQL: permission denied for"
    assert complaint(command) == f"{refused} schema public\n"
    migrate(postgres_dsn)
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute(f"GRANT SELECT ON alembic_version TO {powerless}".encode())
    assert complaint(command) == f"{refused} table runs\n"
