"""Whatever is wrong with what a person gives is one line on stderr and exit code 2, and nothing is half-written."""

import subprocess
import sys
from pathlib import Path

import pytest

from seep.kafka import connection
from tests.commands import Command

pytestmark = pytest.mark.slow

COLOURS = str(Path("suites/colours.yaml").resolve())
LANGUAGES = str(Path("suites/languages.yaml").resolve())
CONFIG = """
kafka: {bootstrap_servers: "127.0.0.1:1"}
engines:
  nowhere: {backend: vllm, model: /nowhere/model}
  recorded: {backend: recorded, file: /nowhere/answers.jsonl}
targets:
  nowhere: {engine: nowhere}
  recorded: {engine: recorded}
metrics:
  sentence_bert: {model: all-MiniLM-L6-v2}
  bert_score: {model: /nowhere/backbone}
"""


@pytest.fixture(autouse=True)
def the_broker_that_is_away_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BOOTSTRAP_MS", 300)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "seep.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "broken.yaml").write_text("name: broken\nversion: '1'\njobs: none\n", encoding="utf-8")
    (tmp_path / "answers.jsonl").write_text('{"prompt": "a"}\n', encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("--config nowhere.yaml runs", "nowhere.yaml: no such configuration file"),
        ("suites lint nowhere.yaml", "suite nowhere.yaml: expected a YAML file"),
        ("run nowhere.yaml --target nowhere", "suite nowhere.yaml: expected a YAML file"),
        ("run broken.yaml --target nowhere", "broken.yaml:1: "),
        (f"run {COLOURS}", "expected one of --model, --endpoint, --target and --recorded"),
        (f"run {COLOURS} --target elsewhere", "--target elsewhere: there is no such target"),
        (f"run {COLOURS} --recorded nowhere.jsonl --metrics sentence_bert", "nowhere.jsonl"),
        (f"run {COLOURS} --recorded answers.jsonl --metrics sentence_bert", "answers.jsonl:1: "),
        (f"run {COLOURS} --target nowhere --metrics sentence_bert", "engines.nowhere.model: no such folder"),
        (f"run {COLOURS} --target recorded --metrics nearness", "--metrics: unknown metric 'nearness'"),
        (
            f"run {LANGUAGES} --target recorded --metrics sentence_bert",
            "--metrics: the language probe compares nothing",
        ),
        (f"run {COLOURS} --target recorded", "metrics.bert_score.model: cannot load '/nowhere/backbone'"),
        (f"run {COLOURS} --target nowhere --run-id a/b", "run id 'a/b': expected"),
        (f"push {COLOURS} --target elsewhere", "--target elsewhere: there is no such target"),
        (f"push {COLOURS} --target nowhere", "no broker answers at 127.0.0.1:1"),
        ("push", "push: expected SUITE --target T, or --monitor NAME [--at TIME]"),
        (f"push {COLOURS} --target nowhere --at 2026-01-01", "push: expected SUITE --target T, or --monitor NAME"),
        (f"push {COLOURS} --monitor daily", "--monitor: says suite, target, samples and run id itself"),
        ("push --monitor daily", "--monitor daily: there is no such monitor in the configuration; known: none"),
        ("push --monitor daily --at yesterday", "--at yesterday: expected a time as 2026-01-31T06:00Z"),
        ("push --monitor daily --at 2999-01-01", "--at 2999-01-01: expected a time that is past; it is 2"),
        ("schedule", "monitors: none of them has a schedule"),
        ("topics apply", "no broker answers at 127.0.0.1:1"),
        ("cancel some-run", "no broker answers at 127.0.0.1:1"),
        ("dead-letters list", "no broker answers at 127.0.0.1:1"),
        ("dead-letters replay", "dead-letters replay: expected ids, or --run RUN"),
        ("rates never-sent", "run never-sent: there is no such run"),
        ("examples never-sent --leaks --ties", "--leaks, --ties: expected one of them"),
        ("import seep.yaml --suite-out s.yaml", "seep.yaml: "),
    ],
)
def test_the_command(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, line: str
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.delenv("SEEP_CONFIG", raising=False)
    before = set(folder.iterdir())
    code, printed, error = command(*arguments.split())
    assert (code, printed) == (2, "")
    assert error.startswith("seep: ")
    assert line in error
    assert error.count("\n") == 1, error
    assert set(folder.iterdir()) - before <= {folder / ".share"}  # the embedded database, where a command reads results


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("services.generator --engine other", "engines: there is no engine 'other'; known: nowhere, recorded"),
        ("services.generator --engine nowhere", "engines.nowhere.model: no such folder: /nowhere/model"),
        ("services.generator --engine recorded", "/nowhere/answers.jsonl"),
        ("services.scorer", "metrics.bert_score.model: cannot load '/nowhere/backbone'"),
        ("services.aggregator", "database.dsn: the aggregator needs a PostgreSQL"),
        ("services.api", "database.dsn: the API needs a PostgreSQL"),
        ("services.aggregator --config nowhere.yaml", "nowhere.yaml: no such configuration file"),
    ],
)
def test_a_service(folder: Path, arguments: str, line: str) -> None:
    command = [sys.executable, "-m", *arguments.split()]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert line in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
