"""`seep doctor` fits a screen, needs no configuration, and ends with 2 where anything is missing."""

import sys
from pathlib import Path

import pytest

from cli.doctor.machine import Gpus
from tests.commands import Command


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("COLUMNS", "80")


def test_without_a_configuration_nothing_is_missing(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("cli.doctor.machine.find_gpus", lambda: Gpus())
    code, printed, _ = command("doctor")
    lines = printed.splitlines()
    assert (code, lines[-1]) == (0, "nothing is missing")
    assert len(lines) <= 24
    # A folder's path may be longer than a line.
    assert max(len(line.replace(str(tmp_path), "")) for line in lines) <= 80
    subjects = [line.split()[1].rstrip(":") for line in lines if line.startswith(("ok ", "note "))]
    assert subjects == [
        *("configuration", "python", "libraries", "gpu", "memory", "disk"),
        *("metrics.sentence_bert", "metrics.bert_score", "broker", "database"),
    ]
    assert not Path(".seep").exists()


def test_what_is_missing_is_told_with_what_to_do(command: Command) -> None:
    Path("seep.yaml").write_text(
        "kafka: {bootstrap_servers: '127.0.0.1:1'}\n"
        "database: {dsn: 'postgresql://me:secret@127.0.0.1:1/seep'}\n"
        "engines: {gone: {backend: recorded, file: gone.jsonl}}\n"
        "metrics: {sentence_bert: {model: all-MiniLM-L6-v2}, bert_score: null}\n",
        encoding="utf-8",
    )
    code, printed, _ = command("doctor")
    assert code == 2
    for missing in ("engines.gone: gone.jsonl: cannot be read", "broker: none at 127.0.0.1:1", "database: "):
        assert f"missing {missing}" in printed
    assert "-> start it (make stack does), or mend kafka.bootstrap_servers; seep run needs none" in " ".join(
        printed.split()
    )
    assert printed.endswith("missing: 3\n")
    assert "secret" not in printed


def test_a_configuration_that_cannot_be_read_does_not_end_it(command: Command) -> None:
    Path("seep.yaml").write_text("engines: [one]\n", encoding="utf-8")
    code, printed, _ = command("doctor")
    assert code == 2
    assert printed.startswith("missing configuration: seep.yaml: engines: ")
    assert "python: Python 3" in printed


def test_a_library_that_is_missing_is_found_and_not_fatal(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("huggingface_hub", "httpx", "services.scorer.models", "services.generator.model_list"):
        monkeypatch.setitem(sys.modules, module, None)
    engine = "{backend: openai, base_url: 'http://127.0.0.1:1/v1', model: m}"
    Path("seep.yaml").write_text(f"engines: {{it: {engine}}}\n", encoding="utf-8")
    code, printed, error = command("doctor")
    assert (code, error) == (2, "")
    assert "missing engines.it: import of services.generator.model_list halted" in printed
    assert "missing metrics.sentence_bert: import of services.scorer.models halted" in printed
