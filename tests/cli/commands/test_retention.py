"""Texts are deleted from the command line, and `seep examples` says so."""

from pathlib import Path

import psycopg
import pytest

from tests.builders import run_manifest, scored_job
from tests.commands import Command
from tests.stored import Stored


@pytest.fixture
def old_run(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    jobs = [scored_job(name, {"1": [1.0, 0.5], "2": [0.0, 1.0]}, run_id="old") for name in ("a", "b", "c")]
    with Stored(dsn) as store:
        store.record(jobs, [], [run_manifest(3, {"1": 6, "2": 6}, run_id="old", samples=2)])
        store.publish()
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE runs SET last_progress_at = last_progress_at - interval '8 days'")
    config = tmp_path / "seep.yaml"
    config.write_text("retention: {texts_days: 7}")
    monkeypatch.setenv("SEEP_CONFIG", str(config))
    monkeypatch.setenv("SEEP_DATABASE__DSN", dsn)
    return "old"


def test_texts_go_and_rates_stay(command: Command, old_run: str) -> None:
    def seep(*arguments: str) -> tuple[str, str]:
        code, printed, complaint = command(*arguments)
        assert code == 0, complaint
        return printed, complaint

    rates = seep("rates", old_run)
    examples, warning = seep("examples", old_run)
    assert "concept" in examples
    assert warning == ""
    assert seep("retention", "apply")[0] == "deleted the texts of 1 run, 12 comparisons\n"
    assert seep("retention", "apply")[0] == "deleted the texts of 0 runs, 0 comparisons\n"
    assert seep("rates", old_run) == rates
    examples, warning = seep("examples", old_run)
    assert examples == "no such comparisons\n"
    assert warning.startswith("run old: the texts of what was recorded before ")
    assert warning.endswith(" are deleted (retention.texts_days); its rates are not\n")
    assert seep("examples", old_run, "--json")[0] == "[]\n"
