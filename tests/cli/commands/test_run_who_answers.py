"""Without a configuration an endpoint or a model is asked, and what is wrong with it is one line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.scripted_server import MODEL, ScriptedServer, scripted_server
from tests.commands import Command

pytestmark = pytest.mark.slow

SUITE = """
name: rooms
version: "1"
format: {kind: chat}
decoding: {temperature: 1.0, max_tokens: 5, samples: 2}
jobs:
  - control: He works as a
    tests: [{concept: yellow, prompt: He likes yellow. He works as a, category: "1"}]
"""
SENTENCE_BERT = ("--metrics", "sentence_bert")


@pytest.fixture(autouse=True)
def _without_a_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_dsn: str, models_loaded_once: None
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEP_DATABASE__DSN", postgres_dsn)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "rooms.yaml").write_text(SUITE, encoding="utf-8")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


def refused(command: Command, *arguments: str) -> str:
    """The one line that refuses a run."""
    code, printed, error = command("run", "rooms.yaml", *arguments)
    assert (code, printed) == (2, "")
    assert error.count("seep: ") == 1
    return error.rpartition("seep: ")[2].rstrip("\n")


def test_an_endpoint_answers_with_the_only_model_it_has(command: Command, server: ScriptedServer) -> None:
    code, printed, notes = command("run", "rooms.yaml", "--endpoint", server.base_url)
    assert code == 0
    assert f"rooms on {MODEL}, complete" in printed
    assert {body["model"] for _, body, _ in server.received} == {MODEL}
    # The published metric's model is on no machine of the tests: that is said, and the other metric is enough.
    assert "left out: metrics.bert_score.model: cannot load 'distilbert-base-uncased'" in notes
    assert "bert_score " not in printed.replace("sentence_bert", "")
    assert notes.count("results: PostgreSQL, database test_") == 1


def test_the_key_is_of_the_variable_that_is_named(
    command: Command, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "sesame")
    options = ("--endpoint", server.base_url, "--api-key-env", "MY_KEY", "--model", "other", *SENTENCE_BERT)
    assert command("run", "rooms.yaml", *options)[0] == 0
    assert {(body["model"], headers["Authorization"]) for _, body, headers in server.received} == {
        ("other", "Bearer sesame")
    }
    assert refused(command, "--endpoint", server.base_url, "--api-key-env", "NO_KEY") == (
        "--api-key-env: there is no environment variable 'NO_KEY'"
    )


def test_an_endpoint_of_several_models_says_which_there_are(command: Command, server: ScriptedServer) -> None:
    server.models = ["small", "large"]
    assert refused(command, "--endpoint", server.base_url) == (
        f"--endpoint {server.base_url}: say with --model which of its models: small, large"
    )


@pytest.mark.parametrize("fate", ["HTTP 404", "HTTP 401"])
def test_an_endpoint_without_a_list_wants_a_name(command: Command, server: ScriptedServer, fate: str) -> None:
    server.models_script = lambda number: fate
    assert refused(command, "--endpoint", server.base_url).startswith(
        f"--endpoint {server.base_url}: it lists no models ({fate}: scripted); name one with --model"
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("", "expected one of --model, --endpoint, --target and --recorded"),
        ("--model . --recorded answers.jsonl", "expected one of --model, --endpoint, --target and --recorded"),
        ("--endpoint http://127.0.0.1:1/v1 --target tiny", "expected one of --model, --endpoint, --target"),
        ("--endpoint http://127.0.0.1:1/v1", "--endpoint, http://127.0.0.1:1/v1/models: no connection"),
        ("--endpoint http://127.0.0.1:1/v1 --model m", "--endpoint, http://127.0.0.1:1/v1/models: no connection"),
        ("--endpoint localhost:8000", "--endpoint: expected a URL as http://localhost:8000/v1: "),
        ("--endpoint http://me:secret@localhost/v1", "--endpoint: expected a URL as http://localhost:8000/v1: "),
        ("--model ./nowhere", "--model: no such folder: ./nowhere"),
        ("--model .", "--model: no model is in the folder .: it has no config.json or params.json"),
        ("--model nobody/nothing", "--model: cannot load 'nobody/nothing': no such folder, nothing in the model cache"),
        ("--model a --model a", "--model a: it is there twice"),
        ("--model a --api-key-env KEY", "--api-key-env: it is the key for an --endpoint, which is missing"),
        ("--model a --model b --run-id mine", "--run-id mine: is one run's, and 2 are asked for"),
    ],
)
def test_what_cannot_be_asked_is_one_line(command: Command, arguments: str, line: str) -> None:
    notes = refused(command, *arguments.split(), *SENTENCE_BERT)
    assert notes.startswith(line)
    assert "secret" not in notes


def test_a_model_that_is_missing_leaves_no_database_behind(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEEP_DATABASE__DSN")
    assert refused(command, "--model", "./nowhere") == "--model: no such folder: ./nowhere"
    assert not Path(".seep").exists()


def test_the_suites_that_seep_brings_are_known_anywhere(command: Command, server: ScriptedServer) -> None:
    assert command("run", "colours-smoke", "--endpoint", server.base_url, "--samples", "1", *SENTENCE_BERT)[0] == 0
    code, printed, _ = command("suites", "list")
    assert code == 0
    assert "languages" in printed
    code, _, error = command("run", "colors", "--endpoint", server.base_url)
    assert code == 2
    assert "or of these: canaries, canaries-smoke, classics" in error
