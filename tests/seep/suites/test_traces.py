"""Suites of the traces probe: their jobs, their refusals and their rules of lint."""

from pathlib import Path
from typing import Any

import pytest

from seep.errors import InputError
from seep.records import Decoding
from seep.suites.jobs import manifest, prompt_jobs
from seep.suites.lint import lint
from seep.suites.loading import load_suite, suite_text
from seep.traces import DECOYS, WORDS, words_of
from tests.traces import COOKING, content, write_suite


def test_a_job_reads_its_documents_and_asks_for_each_topic_at_each_position(tmp_path: Path) -> None:
    suite = load_suite(write_suite(tmp_path, documents=12))
    first, second, last = prompt_jobs(suite, run_id="r", target="t")
    assert [len(job.documents) for job in (first, second, last)] == [5, 5, 2]
    assert [test.concept for test in first.tests] == ["cooking", "ships"]
    assert (first.samples, first.decoding) == (2, Decoding(0.0, 1.0, 1, "none"))
    assert words_of(first.rule, WORDS, "cooking") == COOKING
    assert words_of(first.rule, DECOYS, "nothing") == ()
    prompts = [prompt for job in (first, second, last) for prompt in (job.control, *(t.prompt for t in job.tests))]
    assert len(set(prompts)) == len(prompts)
    expected = manifest(suite, run_id="r", target="t", created_at=0.0).expected_comparisons
    assert expected == {"cooking": 6, "ships": 6}


def test_other_documents_of_the_same_number_are_another_prompt(tmp_path: Path) -> None:
    (job,) = prompt_jobs(load_suite(write_suite(tmp_path, documents=5)), run_id="r", target="t")
    other = [*content(documents=4)["documents"], "Somebody has mended the gate."]
    (changed,) = prompt_jobs(load_suite(write_suite(tmp_path, documents=other)), run_id="r", target="t")
    assert job.job_id != changed.job_id
    assert {job.control, job.tests[0].prompt}.isdisjoint({changed.control, changed.tests[0].prompt})


def test_a_suite_is_written_as_it_was_read(tmp_path: Path) -> None:
    suite = load_suite(write_suite(tmp_path))
    again = tmp_path / "again.yaml"
    again.write_text(suite_text(suite), encoding="utf-8")
    assert load_suite(again) == suite


TOPIC = content()["topics"][0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"documents": ["A lost Recipe."]}, "documents[0]: expected none with a word of a topic, found 'Recipe'"),
        ({"documents": []}, "documents: expected at least one, found none"),
        ({"topics": []}, "topics: expected at least one, found none"),
        ({"topics": [TOPIC, TOPIC]}, "topics: expected different ones, found 'cooking' twice"),
        ({"topics": [TOPIC | {"words": ["olive oil"]}]}, "topics[0].words[0]: expected one word, found 'olive oil'"),
        ({"topics": [TOPIC | {"words": ["oven", "Oven"]}]}, "topics[0]: words: expected different ones, found 'Oven'"),
        ({"topics": [TOPIC | {"decoys": ["Dough"]}]}, "topics[0]: decoys: expected none of the topic's own words"),
        ({"positions": 0}, "positions: expected at least 1"),
        ({"per_job": 0}, "per_job: expected at least 1"),
        ({"decoding": {"temperature": 1, "max_tokens": 9, "samples": 2}}, "decoding: expected none"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_one_line(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as refused:
        load_suite(write_suite(tmp_path, **changes))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


WIDE = [f"word{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"documents": 45}, "45 of the 50 documents that a reading needs: add documents"),
        ({"documents": 62}, "the last job has 2 of 5 documents: add 3, or remove 2"),
        ({"documents": [*content()["documents"], content()["documents"][3].upper()]}, "the document is documents[3]"),
        ({"documents": ["He likes soups of all kinds."]}, "a word that begins with 'soup', of the topic 'cooking'"),
        ({"topics": [TOPIC]}, "8 of the 20 words that tell a topic: add words"),
        ({"topics": [TOPIC | {"words": WIDE}]}, "8 decoys for 26 words: expected as many"),
        ({"topics": [TOPIC, TOPIC | {"topic": "baking"}]}, "the word 'recipe' tells the topic 'cooking' too"),
        ({"topics": [TOPIC, {"topic": "ice", "words": WIDE, "decoys": ["oven"]}]}, "the decoy 'oven' is a word of the"),
    ],
)  # fmt: skip
def test_lint_finds_what_would_spoil_a_reading(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    assert any(message in finding.message for finding in lint(write_suite(tmp_path, **changes)))


def test_lint_finds_nothing_in_a_sound_suite(tmp_path: Path) -> None:
    topic = {"topic": "odd", "words": WIDE, "decoys": [word[::-1] for word in WIDE]}
    assert lint(write_suite(tmp_path, documents=100, topics=[topic])) == []
