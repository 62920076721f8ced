"""Several models or targets in one command: each is a run of its own, and one that fails loses no other."""

import json
from pathlib import Path

import pytest

from cli.exit_codes import worst
from tests.commands import Command

pytestmark = pytest.mark.slow

# Of a probe that needs no model: each run's process would load it anew.
SUITE = """
name: rooms
version: "1"
probe: recall
format: {kind: chat}
decoding: {temperature: 0, max_tokens: 40, samples: 1}
match: {kind: contain, words: 3}
texts:
  - {category: classic, parts: [{prefix: Once a miller, expected: had three sons}]}
"""
CONFIG = """
engines:
  good: {backend: recorded, file: good.jsonl}
  gone: {backend: recorded, file: gone.jsonl}
  silent: {backend: recorded, file: silent.jsonl}
targets: {good: {engine: good}, gone: {engine: gone}, silent: {engine: silent}}
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_dsn: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEP_DATABASE__DSN", postgres_dsn)
    (tmp_path / "rooms.yaml").write_text(SUITE, encoding="utf-8")
    (tmp_path / "seep.yaml").write_text(CONFIG, encoding="utf-8")
    answer = json.dumps({"prompt": "Once a miller", "generations": ["He had three sons."]})
    (tmp_path / "good.jsonl").write_text(answer, encoding="utf-8")
    (tmp_path / "silent.jsonl").write_text("", encoding="utf-8")


def test_one_that_fails_loses_no_other(command: Command) -> None:
    targets = ("--target", "gone", "--target", "good", "--target", "silent")
    code, printed, notes = command("run", "rooms.yaml", *targets, "--json")
    assert code == 2
    gone, good, silent = json.loads(printed)
    assert (gone["model"], gone["state"], gone["rates"]) == ("gone", "failed", [])
    assert "gone.jsonl" in gone["reason"]
    assert (good["state"], good["target"], good["suite"]) == ("complete", "good", "rooms")
    assert any(rate["rate"] == 100 for rate in good["rates"])
    assert (silent["state"], silent["rates"]) == ("partial", [])
    # The processes' own ends: each announced, and each kept under its id.
    assert [line.partition(", run ")[0] for line in notes.splitlines() if " of 3: " in line] == [
        "1 of 3: gone",
        "2 of 3: good",
        "3 of 3: silent",
    ]
    _, listed, _ = command("runs", "--json")
    assert {summary["run_id"] for summary in json.loads(listed)} == {good["run_id"], silent["run_id"]}


def test_the_worst_code_says_least() -> None:
    assert [worst(codes) for codes in ([0], [0, 3], [3, 4, 0], [4, 2], [2, 70])] == [0, 3, 4, 2, 70]
