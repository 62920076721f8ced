"""The published language-spill rows, all 14 cells, from the completions alone, in one process."""

from pathlib import Path

import pytest

from tests.commands import run_command
from tests.end_to_end.published import SPILL, assert_spill, import_completions


@pytest.mark.parametrize("condition", SPILL)
def test_in_one_process(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_dsn: str, condition: str
) -> None:
    suite, recorded = import_completions(shared_data, tmp_path, condition)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEP_DATABASE__DSN", postgres_dsn)
    # Were an embedder loaded, this one would be asked for in vain: the probe compares no texts.
    (tmp_path / "seep.yaml").write_text("metrics: {sentence_bert: {model: nowhere}, bert_score: null}\n")
    code, printed, complaint = run_command(
        "run", str(suite), "--recorded", str(recorded), "--mode", "published", "--json"
    )
    assert code == 0, complaint
    assert_spill(condition, printed)
