"""Models that no configuration names are loaded one after the other, and their rates stand in one table."""

import json
from pathlib import Path

import pytest

from calibration.model import ensure_model
from tests.commands import Command

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained() -> Path:
    return ensure_model(Path(".seep/calibration")).resolve()


def test_two_folders_are_two_runs_with_their_models_in_the_provenance(
    command: Command, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_dsn: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEP_DATABASE__DSN", postgres_dsn)
    for name in ("First", "second"):
        Path(name).symlink_to(trained / "model")
    suite = str(trained / "suite.yaml")
    options = ("--samples", "1", "--metrics", "sentence_bert", "--json")
    code, printed, notes = command("run", suite, "--model", "./First", "--model", "second", *options)
    assert code == 0, notes
    first, second = json.loads(printed)
    assert [(run["model"], run["target"], run["state"]) for run in (first, second)] == [
        ("./First", "first", "complete"),
        ("second", "second", "complete"),
    ]
    assert [run["provenance"]["model"] for run in (first, second)] == ["./First", "second"]
    assert first["provenance"]["model_revision"] == second["provenance"]["model_revision"] != "unknown"
    assert all(rate["rate"] is not None for run in (first, second) for rate in run["rates"])
