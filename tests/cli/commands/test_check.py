"""Whether a model answers is tried with two questions, before a run is spent on it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.scripted_server import MODEL, ScriptedServer, scripted_server
from tests.commands import Command


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    monkeypatch.chdir(tmp_path)
    with scripted_server() as running:
        yield running


def saying(message: dict[str, object], reason: str) -> Callable[[int], str]:
    choice = {"index": 0, "message": {"role": "assistant"} | message, "finish_reason": reason}
    return lambda number: f"HTTP 200 saying {json.dumps({'model': 'm-2', 'choices': [choice]})}"


def test_two_questions_are_shown_with_their_answers(command: Command, server: ScriptedServer) -> None:
    code, printed, _ = command("check", "--endpoint", server.base_url)
    assert code == 0
    assert printed.startswith(f"{MODEL}\n  question  ")
    assert printed.count('answer    "answer 0."\n') == printed.count("ended by stop\n") == 2


@pytest.mark.parametrize(
    ("message", "reason", "advice"),
    [
        ({"content": "", "reasoning_content": "Let me see"}, "length", "the tokens ran out before any text"),
        ({"content": None, "refusal": "I cannot"}, "stop", "the model declines"),
        ({"content": None}, "stop", "there is no text"),
    ],
)
def test_what_is_no_answer_comes_with_advice(
    command: Command, server: ScriptedServer, message: dict[str, object], reason: str, advice: str
) -> None:
    server.script = saying(message, reason)
    code, printed, _ = command("check", "--endpoint", server.base_url)
    assert code == 4
    assert f"-> {advice}" in printed
    assert "the server says that m-2 answered" in printed


def test_what_an_endpoint_refuses_is_one_line(command: Command, server: ScriptedServer) -> None:
    server.script = lambda number: 'HTTP 401 saying {"error": {"message": "wrong key"}}'
    code, printed, error = command("check", "--endpoint", server.base_url)
    assert (code, printed, error.count("\n")) == (2, "", 1)
    assert "401" in error
    assert "wrong key" in error


def test_nobody_to_ask_is_one_line(command: Command, server: ScriptedServer) -> None:
    line = "seep: expected one of --model, --endpoint, --target and --recorded\n"
    assert command("check") == (2, "", line)
