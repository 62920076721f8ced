"""`seep config check`: everything of seep.yaml that can be known without a broker, a database or a GPU."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import Command

COLOURS = Path("suites/colours.yaml").resolve()
CONFIGURATION = f"""
kafka: {{bootstrap_servers: "127.0.0.1:1"}}
database: {{dsn: "postgresql://127.0.0.1:1/nobody"}}
engines:
  tiny: {{backend: vllm, model: /nowhere/model}}
  paper: {{backend: recorded, file: answers.jsonl}}
targets:
  tiny: {{engine: tiny}}
  paper: {{engine: paper}}
monitors:
  nightly: {{target: paper, suite: {COLOURS}, schedule: 0 6 * * *}}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """seep.yaml, in the folder of the process; neither broker, database nor model is there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEEP_CONFIG", raising=False)
    (tmp_path / "answers.jsonl").write_text('{"prompt": "p", "generations": ["a"]}\n', encoding="utf-8")
    (tmp_path / "seep.yaml").write_text(CONFIGURATION, encoding="utf-8")
    return tmp_path / "seep.yaml"


@pytest.mark.usefixtures("file")
def test_a_good_configuration_is_ok(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command("config", "check") == (0, "seep.yaml: ok\n", "")
    monkeypatch.setenv("SEEP_CONFIG", "seep.yaml")
    assert command("config", "check") == (0, "seep.yaml: ok\n", "")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "engine: tiny}",
            "engine: tiny, adapter: a}",
            "targets.tiny.adapter: 'a' is not among the engine's lora_modules",
        ),
        ("0 6 * * *", "daily", "monitors.nightly.schedule: expected a cron expression"),
        (str(COLOURS), "gone.yaml", "monitors.nightly.suite: gone.yaml:1: the file cannot be read"),
        ("answers.jsonl", "gone.jsonl", "engines.paper.file: gone.jsonl"),
        ("targets:", "tragets:", "tragets: not a field here"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_field(command: Command, file: Path, old: str, new: str, line: str) -> None:
    file.write_text(CONFIGURATION.replace(old, new), encoding="utf-8")
    code, printed, complaint = command("config", "check")
    assert (code, printed) == (2, "")
    assert complaint.startswith(f"seep: seep.yaml: {line}")
    assert complaint.count("\n") == 1


@pytest.mark.usefixtures("file")
def test_a_mistake_of_the_environment_names_the_variable(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEP_WORKER__BATCH_SIZE", "0")
    code, _, complaint = command("config", "check")
    assert code == 2
    assert complaint.startswith("seep: SEEP_WORKER__BATCH_SIZE: worker.batch_size: ")


@pytest.mark.usefixtures("file", "semantic_needs_token_scores")
def test_a_probe_that_needs_what_the_engine_does_not_provide_is_refused(command: Command) -> None:
    code, _, complaint = command("config", "check")
    assert code == 2
    assert complaint.startswith("seep: seep.yaml: monitors.nightly: the semantic probe needs token_scores of an answer")


def test_a_configuration_that_is_not_there_is_not_ok(command: Command, file: Path) -> None:
    file.unlink()
    assert command("config", "check") == (2, "", "seep: seep.yaml: no such configuration file\n")


@pytest.mark.slow
def test_the_check_loads_no_model_library(file: Path) -> None:
    code = (
        "import sys, cli.main; sys.argv = ['seep', 'config', 'check']\n"
        "try: cli.main.main()\n"
        "finally: print([name for name in ('torch', 'transformers', 'vllm') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=file.parent, capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode, done.stdout) == (0, "seep.yaml: ok\n[]\n"), done.stderr
