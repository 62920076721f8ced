"""Answers recorded under a job's own system message come out as their rate, beside the controls of each test."""

import json
from pathlib import Path

import pytest

from tests.commands import Command
from tests.end_to_end.keys import TOLD, assert_told, secret, write_keys


def test_planted_answers_come_out_as_their_rate(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_dsn: str
) -> None:
    suite, recorded = write_keys(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEP_DATABASE__DSN", postgres_dsn)
    code, printed, complaint = command("run", str(suite), "--recorded", str(recorded), "--run-id", "keys", "--json")
    assert code == 0, complaint
    assert_told(json.loads(printed))
    examples = json.loads(command("examples", "keys", "--leaks", "--json")[1])
    assert {example["control_generation"] for example in examples} == {"Anything."}
    assert {example["concept"] for example in examples} == {secret(number) for number in range(TOLD)}
