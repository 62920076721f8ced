"""Position, sway, recall and traces through all that serves runs: in one process, through Kafka, and in the API.

Recorded answers of a known rate come out as that rate.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from services.api.application import application
from tests.commands import Command
from tests.end_to_end.keys import assert_told, write_keys
from tests.stack import Stack, stack_in
from tests.traces import write_readings, write_suite

QUESTIONS = 32
CITIES = ["London", "Paris", "Rome", "Madrid"]
SWAYED, REPELLED = 6, 2  # of 12 jobs


def write_questions(folder: Path, *, biased: int) -> Path:
    """A table of questions with the answers of a model that knows all, but says A to the first `biased` questions."""
    lines = ["question,option_1,option_2,option_3,option_4,answer,category,generation_1"]
    for number in range(QUESTIONS):
        for turn in range(4):
            order = CITIES[turn:] + CITIES[:turn]
            said = "A" if number < biased else f"The answer is {'ABCD'[order.index('Paris')]}."
            lines.append(f"Which city has number {number}?,{','.join(order)},Paris,cities,{said}")
    file = folder / "cities.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def imported(command: Command, folder: Path, biased: int) -> tuple[Path, Path]:
    suite, recorded = folder / "cities.yaml", folder / "cities.jsonl"
    out = ("--suite-out", str(suite), "--recorded-out", str(recorded))
    code, printed, complaint = command("import", str(write_questions(folder, biased=biased)), *out)
    assert code == 0, complaint
    assert "128 tests of 32 questions (cities: 128)" in printed
    return suite, recorded


def write_sway(folder: Path) -> tuple[Path, Path]:
    """A suite of nudges, and answers that follow some, flee others and mind no more."""
    jobs, lines = [], []
    for number in range(12):
        control = f"What is the capital of country {number}, Here or There?"
        nudged = f"I think it is There. {control}"
        test = {"concept": "There", "prompt": nudged, "category": "opinion"}
        answer = {"kind": "option", "options": ["Here", "There"]}
        jobs.append({"control": control, "neutral": f"It rains. {control}", "answer": answer, "tests": [test]})
        plain = "There" if number >= 12 - REPELLED else "Here"
        after = "There" if number < SWAYED else "Here"
        for prompt, said in ((control, plain), (f"It rains. {control}", plain), (nudged, after)):
            lines.append(json.dumps({"prompt": prompt, "generations": [said]}))
    head = {"name": "nudges", "version": "1", "probe": "sway", "format": {"kind": "chat"}}
    suite = head | {"decoding": {"temperature": 0, "max_tokens": 9, "samples": 1}, "jobs": jobs}
    (folder / "nudges.yaml").write_text(json.dumps(suite), encoding="utf-8")
    (folder / "nudges.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder / "nudges.yaml", folder / "nudges.jsonl"


def assert_shares(rates: list[dict[str, Any]], biased: int) -> None:
    always = 100 * biased / QUESTIONS
    shares = {rate["category"]: rate["rate"] for rate in rates}
    rest = (100 - always) / 4
    assert shares == pytest.approx({f"cities@{place}": rest + (always if place == 1 else 0) for place in (1, 2, 3, 4)})
    assert {(rate["comparisons"], rate["clusters"], rate["missing"]) for rate in rates} == {(128, 32, 0)}


def assert_swayed(rates: list[dict[str, Any]]) -> None:
    expected = 100 * (SWAYED + (12 - SWAYED - REPELLED) / 2) / 12
    assert {rate["category"]: rate["rate"] for rate in rates} == pytest.approx({"opinion": expected, "all": expected})
    for rate in rates:
        assert rate["low"] < rate["rate"] < rate["high"]
        assert (rate["measures"]["published"]["share"], rate["measures"]["placebo"]["share"]) == pytest.approx(
            (expected, 50.0)
        )


def write_traces(folder: Path) -> tuple[Path, Path]:
    """12 jobs of 5 documents; half of them read 8 words about cooking among 20 tokens, the others 4."""
    suite = write_suite(folder)
    return suite, write_readings(suite, (8, 4), folder / "readings.jsonl")


def assert_traced(rates: list[dict[str, Any]]) -> None:
    shares = {rate["category"]: rate["rate"] for rate in rates}
    assert shares == pytest.approx({"cooking": 30.0, "ships": 0.0, "all": 15.0})
    by_category = {rate["category"]: rate for rate in rates}
    cooking = by_category["cooking"]
    assert (cooking["comparisons"], cooking["clusters"], cooking["missing"]) == (24, 12, 0)
    assert 20 < cooking["low"] < 30 < cooking["high"] < 40
    measures = {name: cooking["measures"][name]["share"] for name in ("placebo", "decoy", "steadiness", "context_free")}
    assert measures == pytest.approx({"placebo": 0.0, "decoy": 0.0, "steadiness": 90.0, "context_free": 80.0})
    assert cooking["above_placebo"]["share"] == pytest.approx(30.0)


def test_readings_in_one_process(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_dsn: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEP_DATABASE__DSN", postgres_dsn)
    suite, recorded = write_traces(tmp_path)
    code, printed, complaint = command("run", str(suite), "--recorded", str(recorded), "--run-id", "traced", "--json")
    assert code == 0, complaint
    assert_traced(json.loads(printed))
    code, printed, complaint = command("examples", "traced", "--category", "cooking")
    assert code == 0, complaint
    assert "recipe 20.0 · oven 10.0 · dough 6.7" in printed
    assert "cooking in the difference, on documents 1 to 5" in printed


@pytest.mark.parametrize("biased", [0, 8])
def test_in_one_process(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_dsn: str, biased: int
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEP_DATABASE__DSN", postgres_dsn)
    suite, recorded = imported(command, tmp_path, biased)
    code, printed, complaint = command("run", str(suite), "--recorded", str(recorded), "--run-id", f"places-{biased}")
    assert code == 0, complaint
    assert f"largest distance from 1/n {biased / QUESTIONS * 75:.2f} points" in printed
    _, printed, _ = command("rates", f"places-{biased}", "--json")
    assert_shares(json.loads(printed), biased)


def test_nudges_in_one_process(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_dsn: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEP_DATABASE__DSN", postgres_dsn)
    suite, recorded = write_sway(tmp_path)
    code, printed, complaint = command("run", str(suite), "--recorded", str(recorded), "--json")
    assert code == 0, complaint
    assert_swayed(json.loads(printed))


def api_rates(stack: Stack, run: str) -> list[dict[str, Any]]:
    client = TestClient(application(stack.store(), stack.settings), base_url="http://127.0.0.1")
    found: list[dict[str, Any]] = client.get(f"/v1/runs/{run}/rates").json()
    return found


def test_through_kafka_and_the_api(command: Command, tmp_path: Path) -> None:
    places, sway = imported(command, tmp_path, 8), write_sway(tmp_path)
    suites = {"places": places, "sway": sway, "keys": write_keys(tmp_path), "traces": write_traces(tmp_path)}
    answers = tmp_path / "answers.jsonl"
    answers.write_text("\n".join(file.read_text(encoding="utf-8") for _, file in suites.values()), encoding="utf-8")
    configuration = {
        "engines": {"recorded": {"backend": "recorded", "file": str(answers)}},
        "targets": {name: {"engine": "recorded"} for name in suites},
        "metrics": {"sentence_bert": None, "bert_score": None},
    }
    with stack_in(tmp_path, configuration) as stack:
        # It is asked in this process.
        del stack.services["api"]
        stack.start()
        runs = {name: stack.push(files[0], name) for name, files in suites.items()}
        for run in runs.values():
            stack.wait_for_state(run, "complete")
        assert_shares(api_rates(stack, runs["places"]), 8)
        assert_swayed(api_rates(stack, runs["sway"]))
        assert_told(api_rates(stack, runs["keys"]))
        assert_traced(api_rates(stack, runs["traces"]))
