"""Suites of the position probe: their jobs, their refusals and their rules of lint."""

from pathlib import Path

import pytest
import yaml

from seep.suites.jobs import manifest, prompt_jobs
from seep.suites.lint import lint
from seep.suites.loading import load_suite, parse_suite, suite_text

QUESTION: dict[str, object] = {
    "question": "Which is red?",
    "options": ["Blood", "Snow"],
    "answer": "Blood",
    "category": "colours",
}


def written(path: Path, *questions: dict[str, object], **others: object) -> Path:
    content = {
        "name": "q",
        "version": "1",
        "probe": "position",
        "format": {"kind": "chat"},
        "decoding": {"temperature": 0.7, "max_tokens": 5, "samples": 2},
        "questions": list(questions),
    }
    file = path / "q.yaml"
    file.write_text(yaml.safe_dump(content | others, sort_keys=False), encoding="utf-8")
    return file


def test_a_question_is_asked_in_every_cyclic_order(tmp_path: Path) -> None:
    suite = load_suite(written(tmp_path, QUESTION | {"options": ["Blood", "Snow", "Coal"]}))
    (job,) = prompt_jobs(suite, run_id="r", target="t")
    assert [test.options for test in job.tests] == [
        ("Blood", "Snow", "Coal"),
        ("Snow", "Coal", "Blood"),
        ("Coal", "Blood", "Snow"),
    ]
    assert job.tests[1].prompt == "Which is red?\nA. Snow\nB. Coal\nC. Blood"
    assert job.rule == {"labels": "A\nB\nC", "answer": "Blood"}
    assert job.decoding.cut == "none"
    expected = manifest(suite, run_id="r", target="t", created_at=0).expected_comparisons
    assert expected == {"colours@1": 6, "colours@2": 6, "colours@3": 6}


def test_a_suite_written_down_is_the_same_suite(tmp_path: Path) -> None:
    suite = load_suite(written(tmp_path, QUESTION, labels=["1", "2"]))
    again = tmp_path / "again.yaml"
    again.write_text(suite_text(suite), encoding="utf-8")
    assert load_suite(again) == suite


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answer": "Coal"}, "answer: expected one of the options, found 'Coal'"),
        ({"options": ["Blood", "blood"]}, "options: expected different ones, found 'blood' twice"),
        ({"options": ["Blood"]}, "questions[1].options"),
        ({"category": "a@b"}, "category: expected a name without @"),
        ({"options": ["Blood", "Snow", "Coal"]}, "questions[1].options: expected 2, as many as in all of category"),
    ],
)
def test_a_wrong_question_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    parsed = parse_suite(written(tmp_path, QUESTION, QUESTION | {"question": "Which is warm?"} | change))
    assert parsed.suite is None
    assert message in parsed.problems[0].message


def test_more_options_than_labels_are_refused(tmp_path: Path) -> None:
    parsed = parse_suite(written(tmp_path, QUESTION | {"options": ["Blood", "Snow", "Coal"]}, labels=["1", "2"]))
    assert "labels: expected one for each of the 3 options" in parsed.problems[0].message


@pytest.mark.parametrize(
    ("questions", "message"),
    [
        ([QUESTION], "category 'colours' has 1 of the 30 questions that a share needs"),
        ([QUESTION | {"options": ["Blood", "A rose"]}], "the option 'A rose' holds a label"),
        ([QUESTION | {"options": ["Blood", "Blood orange"]}], "the option 'blood' stands in the option 'blood orange'"),
        ([QUESTION, QUESTION | {"question": "which is  red?", "options": ["Blood", "Milk"]}], "that of questions[0]"),
    ],
)
def test_lint_names_what_would_spoil_a_share(tmp_path: Path, questions: list[dict[str, object]], message: str) -> None:
    assert any(message in finding.message for finding in lint(written(tmp_path, *questions)))


def test_lint_finds_nothing_in_thirty_good_questions(tmp_path: Path) -> None:
    questions = [QUESTION | {"question": f"Which of number {number} is red?"} for number in range(30)]
    assert lint(written(tmp_path, *questions)) == []
