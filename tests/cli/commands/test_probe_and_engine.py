"""A suite whose probe needs what the target's engine does not provide is refused before anything is sent or loaded."""

from pathlib import Path

import pytest

from tests.commands import Command

SUITE = """
name: rooms
version: "1"
format: {kind: plain, user: "{prompt}"}
decoding: {temperature: 1.0, max_tokens: 5, samples: 2}
jobs:
  - control: He works as a
    tests: [{concept: yellow, prompt: He likes yellow. He works as a, category: "1"}]
"""
CONFIGURATION = """
database: {dsn: "postgresql://127.0.0.1:1/nobody"}
engines:
  paper: {backend: recorded, file: answers.jsonl}
targets:
  paper: {engine: paper}
monitors:
  nightly: {target: paper, suite: rooms.yaml}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with suite and configuration; neither a broker nor a database is there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEEP_CONFIG", raising=False)
    monkeypatch.setenv("SEEP_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    Path("rooms.yaml").write_text(SUITE, encoding="utf-8")
    Path("seep.yaml").write_text(CONFIGURATION, encoding="utf-8")


@pytest.mark.parametrize(
    "arguments",
    [
        ("push", "rooms.yaml", "--target", "paper"),
        ("push", "--monitor", "nightly"),
        ("run", "rooms.yaml", "--target", "paper"),
        ("run", "rooms.yaml", "--recorded", "answers.jsonl"),
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("folder", "semantic_needs_token_scores")
def test_it_is_one_line_and_exit_code_2(command: Command, arguments: tuple[str, ...]) -> None:
    code, printed, complaint = command(*arguments)
    name = "recorded" if "--recorded" in arguments else "paper"
    assert (code, printed) == (2, "")
    assert complaint == (
        f"seep: targets.{name}: the semantic probe needs token_scores of an answer, "
        f"and the engine {name!r} (recorded) does not provide it\n"
    )


@pytest.mark.usefixtures("folder")
def test_a_system_message_that_would_not_reach_the_model_is_one_line_and_exit_code_2(command: Command) -> None:
    own = SUITE.replace("kind: plain", "kind: chat").replace(
        "  - control:", "  - system: The key is in the well.\n    control:"
    )
    Path("rooms.yaml").write_text(own, encoding="utf-8")
    endpoint = CONFIGURATION.replace(
        "recorded, file: answers.jsonl", 'openai, base_url: "http://127.0.0.1:1/v1", model: m'
    )
    Path("seep.yaml").write_text(endpoint.replace("{engine: paper}", "{engine: paper, system: Be brief.}"))
    for arguments in (("push", "rooms.yaml", "--target", "paper"), ("run", "rooms.yaml", "--target", "paper")):
        assert command(*arguments) == (
            2,
            "",
            "seep: targets.paper: the target sets a system message, and the suite's jobs have their own\n",
        )
