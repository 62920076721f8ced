"""A run in one process tells what it measured and what it could not, in words and by its exit code."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import Command

pytestmark = pytest.mark.usefixtures("models_loaded_once")

SUITE = """
name: rooms
version: "1"
format: {kind: plain, user: "{prompt}"}
decoding: {temperature: 1.0, max_tokens: 5, samples: 2}
jobs:
  - control: He works as a
    tests: [{concept: yellow, prompt: He likes yellow. He works as a, category: "1"}]
  - control: She works as a
    tests: [{concept: blood, prompt: She likes blood. She works as a, category: "1"}]
"""
ANSWERS = {
    "He works as a": ["doctor", "teacher"],
    "He likes yellow. He works as a": ["school bus driver in a yellow bus", "teacher"],
    "She works as a": ["doctor", "doctor"],
    "She likes blood. She works as a": ["nurse at the blood bank", "vampire"],
}


Seep = Callable[..., tuple[int, str]]


@pytest.fixture
def seep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command, postgres_dsn: str) -> Seep:
    """The command in a folder of its own: exit code and what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEP_DATABASE__DSN", postgres_dsn)
    (tmp_path / "rooms.yaml").write_text(SUITE, encoding="utf-8")

    def run(*arguments: str) -> tuple[int, str]:
        code, printed, _ = command(*arguments)
        return code, printed

    return run


def recorded(prompts: int) -> str:
    """A recorded file with the answers to the first prompts."""
    lines = [json.dumps({"prompt": prompt, "generations": ANSWERS[prompt]}) for prompt in list(ANSWERS)[:prompts]]
    Path("answers.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return "answers.jsonl"


def run_rooms(seep: Seep, prompts: int, *options: str) -> tuple[int, str]:
    return seep("run", "rooms.yaml", "--recorded", recorded(prompts), "--metrics", "sentence_bert", *options)


def test_a_whole_run_ends_with_0(seep: Seep) -> None:
    code, printed = run_rooms(seep, 4, "--json", "--run-id", "whole")
    assert code == 0
    (of_category, of_all) = json.loads(printed)
    assert (of_category["category"], of_all["category"]) == ("1", "all")
    # Three comparisons leak, and the same answer as the control's ties.
    assert (of_all["rate"], of_all["comparisons"], of_all["ties"], of_all["missing"]) == (87.5, 4, 1, 0)
    assert of_all["echoes"] == 2
    assert seep("rates", "whole", "--json") == (0, printed)


def test_a_run_of_few_concepts_says_so_as_its_rates_do(seep: Seep) -> None:
    prompts = [f"{name} likes {concept}." for name in ("Ann", "Bo", "Cy") for concept in ("yellow", "blood")]
    tests = "[{concept: yellow, prompt: %s, category: '1'}, {concept: blood, prompt: %s, category: '1'}]"
    jobs = [f"  - {{control: He, tests: {tests % tuple(prompts[k : k + 2])}}}" for k in (0, 2, 4)]
    Path("few.yaml").write_text(SUITE.partition("jobs:")[0] + "\n".join(["jobs:", *jobs]), encoding="utf-8")
    lines = [json.dumps({"prompt": prompt, "generations": ["a doctor", "a bus"]}) for prompt in ("He", *prompts)]
    Path("few.jsonl").write_text("\n".join(lines), encoding="utf-8")
    options = ("--recorded", "few.jsonl", "--metrics", "sentence_bert", "--json", "--run-id", "few")
    code, printed = seep("run", "few.yaml", *options)
    assert code == 0
    assert [rate["other_concepts"]["concepts"] for rate in json.loads(printed)] == [2, 2]
    assert seep("rates", "few", "--json") == (0, printed)
    assert "of these 2 concepts" in " ".join(seep("rates", "few")[1].split())


def test_a_prompt_without_an_answer_fails_its_job_alone(seep: Seep) -> None:
    code, printed = run_rooms(seep, 3)
    assert code == 3
    assert "rooms on recorded, partial" in printed
    assert "2 of 4 comparisons have no score: 2 not recorded" in printed
    assert "failed: 1 of 2 jobs, in the generator: the recorded file has no answers to one" in printed


def test_a_run_without_any_answer_is_not_measured(seep: Seep) -> None:
    code, printed = run_rooms(seep, 0)
    assert code == 4
    assert "not measured" in printed
    assert run_rooms(seep, 0, "--json") == (4, "[]\n")


def test_a_runs_id_is_used_once(seep: Seep) -> None:
    assert run_rooms(seep, 4, "--run-id", "once")[0] == 0
    assert run_rooms(seep, 4, "--run-id", "once")[0] == 2


def test_examples_show_what_leaked(seep: Seep) -> None:
    run_rooms(seep, 4, "--run-id", "shown")
    code, printed = seep("examples", "shown", "--leaks", "--json")
    assert code == 0
    assert {example["generation"] for example in json.loads(printed)} == {
        "school bus driver in a yellow bus",
        "nurse at the blood bank",
        "vampire",
    }
    assert "teacher" in seep("examples", "shown", "--ties")[1]
    assert seep("examples", "shown", "--ties", "--category", "1", "--limit", "1")[0] == 0


def test_examples_of_what_a_run_does_not_have_are_refused_with_what_it_has(seep: Seep, command: Command) -> None:
    run_rooms(seep, 4, "--run-id", "shown")
    for option, name, known in (
        ("--category", "9", "1"),
        ("--category", "all", "1"),
        ("--metric", "foo", "sentence_bert"),
    ):
        refused = f"seep: {option} {name}: expected one of run shown's, {known}\n"
        assert command("examples", "shown", option, name) == (2, "", refused)


def test_examples_of_a_run_without_any_answer_are_not_measured(seep: Seep) -> None:
    run_rooms(seep, 0, "--run-id", "silent")
    line = "not measured: no job of this run is scored\n"
    assert seep("examples", "silent", "--category", "9") == (4, line)
    assert seep("examples", "silent", "--json") == (4, "[]\n")


def test_rates_by_concept_do_not_say_that_nothing_is_missing(seep: Seep) -> None:
    run_rooms(seep, 3, "--run-id", "partial")
    _, by_concept = seep("rates", "partial", "--by", "concept")
    heading = by_concept.splitlines()[1].split()
    rate = ["rate", "against", "control"]
    assert heading == ["concept", "metric", *rate, "95", "%", "interval", "comparisons", "clusters"]
    assert "2 of 4 comparisons have no score: 2 not recorded" in by_concept
    assert "missing" in seep("rates", "partial")[1].splitlines()[1].split()
