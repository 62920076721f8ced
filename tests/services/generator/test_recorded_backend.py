"""Recorded answers are taken as they are; a prompt without enough of them is that request's failure."""

import json
from pathlib import Path

import pytest

from seep.answers import lost
from seep.errors import InputError
from seep.records import Answer, Decoding, Failure, PromptFormat
from seep.settings import RecordedEngine
from services.generator.backend import Answered, Request
from services.generator.recorded_backend import RecordedBackend
from tests.builders import answers


def request(prompt: str, samples: int) -> Request:
    decoding = Decoding(temperature=1.0, top_p=1.0, max_tokens=1, cut="sentence")
    return Request(prompt, PromptFormat("chat", "Be brief.", "{prompt}!"), decoding, samples)


@pytest.fixture
def backend(tmp_path: Path) -> RecordedBackend:
    path = tmp_path / "answers.jsonl"
    path.write_text(json.dumps({"prompt": "He likes", "generations": [" tea. And more. ", "", "milk"]}))
    return RecordedBackend(RecordedEngine(backend="recorded", file=path))


def test_answers_are_found_by_the_suites_prompt_and_never_cut(backend: RecordedBackend) -> None:
    (found,) = backend.generate([request("He likes", 2)])
    assert isinstance(found, Answered)
    assert found.answers == answers(" tea. And more. ", "")


def test_a_missing_prompt_and_too_few_answers_fail_alone(backend: RecordedBackend) -> None:
    missing, few, found = backend.generate([request("He hates", 1), request("He likes", 4), request("He likes", 3)])
    assert isinstance(missing, Failure)
    assert isinstance(few, Failure)
    assert "He hates" not in missing.reason
    assert isinstance(found, Answered)
    assert len(found.texts) == 3


def test_provenance_changes_with_the_file(backend: RecordedBackend, tmp_path: Path) -> None:
    path = tmp_path / "others.jsonl"
    path.write_text(json.dumps({"prompt": "He likes", "generations": ["tea"]}))
    other = RecordedBackend(RecordedEngine(backend="recorded", file=path))
    (theirs,), (ours,) = other.generate([request("He likes", 1)]), backend.generate([request("He likes", 1)])
    assert isinstance(theirs, Answered)
    assert isinstance(ours, Answered)
    assert theirs.provenance["model_revision"] != ours.provenance["model_revision"]


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.jsonl"):
        RecordedBackend(RecordedEngine(backend="recorded", file=tmp_path / "nowhere.jsonl"))


def test_recorded_thoughts_are_told_from_the_answer_as_those_of_a_model_are(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(json.dumps({"prompt": "He likes", "generations": ["<think>Tea?</think>tea", "<think>Tea"]}))
    backend = RecordedBackend(RecordedEngine(backend="recorded", file=path))
    (found,) = backend.generate([request("He likes", 2)])
    assert isinstance(found, Answered)
    assert found.answers == (Answer("tea", reasoning="Tea?"), Answer("", "length", reasoning="Tea"))


def test_an_answer_that_was_refused_or_filtered_is_none(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    line = {"prompt": "He likes", "generations": ["tea", "I cannot say.", "", ""]}
    path.write_text(json.dumps(line | {"ended": ["length", "refusal", "filtered", "length"]}))
    [found] = RecordedBackend(RecordedEngine(backend="recorded", file=path)).generate([request("He likes", 4)])
    assert isinstance(found, Answered)
    assert [lost(answer) for answer in found.answers] == [None, "refused", "filtered", "unfinished"]
