"""Texts are deleted from the command line, and `seep examples` says so."""

from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from benchmarks.speed.aggregator import manifest_of, message_batches
from cli.main import app
from results.storage.migrate import migrate
from services.aggregator.ingest import read_batch
from tests.stored import Stored


@pytest.fixture
def old_run(postgres_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    migrate(postgres_dsn)
    [messages] = message_batches("old", jobs=3, tests=2, samples=2)
    batch = read_batch(messages)
    with Stored(postgres_dsn) as store:
        store.record(batch.scored, [], [manifest_of(batch.scored)])
        store.publish()
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute("UPDATE runs SET last_progress_at = last_progress_at - interval '8 days'")
    config = tmp_path / "seep.yaml"
    config.write_text("retention: {texts_days: 7}")
    monkeypatch.setenv("SEEP_CONFIG", str(config))
    monkeypatch.setenv("SEEP_DATABASE__DSN", postgres_dsn)
    return "old"


def test_texts_go_and_rates_stay(old_run: str) -> None:
    def seep(*arguments: str) -> tuple[str, str]:
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        return done.stdout, done.stderr

    rates = seep("rates", old_run)
    examples, warning = seep("examples", old_run)
    assert "concept" in examples
    assert warning == ""
    assert seep("retention", "apply")[0] == "deleted the texts of 1 runs, 12 comparisons\n"
    assert seep("retention", "apply")[0] == "deleted the texts of 0 runs, 0 comparisons\n"
    assert seep("rates", old_run) == rates
    examples, warning = seep("examples", old_run)
    assert examples == "no such comparisons\n"
    assert warning.startswith("run old: the texts of what was recorded before ")
    assert warning.endswith(" are deleted (retention.texts_days); its rates are not\n")
    assert seep("examples", old_run, "--json")[0] == "[]\n"
