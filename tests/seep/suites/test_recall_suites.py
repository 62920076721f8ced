"""A suite of the recall probe: which jobs it makes, how it is refused, and what lint finds."""

from pathlib import Path

import pytest

from seep.errors import InputError
from seep.recall import Match, match_of
from seep.suites import recall
from seep.suites.jobs import manifest, prompt_jobs
from seep.suites.lint import lint
from seep.suites.loading import dump_suite, load_suite

HEAD = """\
name: texts
version: "1"
probe: recall
format: {kind: chat}
decoding: {temperature: 0, max_tokens: 60, samples: 1}
match: {kind: start, words: 20}
"""
GUIDED = "instruction: 'From {source}: {prefix}'\ncontrol: 'Go on: {prefix}'\n"
TEXTS = """\
texts:
  - category: classic
    source: the Mill
    parts:
      - {prefix: Once a miller, expected: had three sons and a very old donkey}
      - {prefix: The donkey, expected: was left to the youngest of them all}
  - category: unseen
    source: the Attic
    parts:
      - {prefix: Under the roof, expected: lived a pale clerk who collected keys}
"""
DOCUMENT = """\
window: {prefix: 3, expected: 2, step: 4}
texts:
  - {category: unseen, document: one two three four five six seven eight nine ten}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "texts.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_text_is_a_job_and_its_parts_are_the_tests(tmp_path: Path) -> None:
    suite = load_suite(written(tmp_path, HEAD + GUIDED + TEXTS))
    first, second = prompt_jobs(suite, run_id="r", target="t")
    assert [test.prompt for test in first.tests] == ["From the Mill: Once a miller", "From the Mill: The donkey"]
    assert [test.control for test in first.tests] == ["Go on: Once a miller", "Go on: The donkey"]
    assert first.tests[0].expected == "had three sons and a very old donkey"
    assert first.decoding.cut == "none"
    assert match_of(first.rule) == Match("start", 20, 0.8, True)
    assert (first.control, second.tests[0].category) == (None, "unseen")
    assert manifest(suite, run_id="r", target="t", created_at=0).expected_comparisons == {"classic": 2, "unseen": 1}


def test_a_document_is_cut_by_the_window(tmp_path: Path) -> None:
    (job,) = prompt_jobs(load_suite(written(tmp_path, HEAD + DOCUMENT)), run_id="r", target="t")
    assert [(test.prompt, test.expected) for test in job.tests] == [
        ("one two three", "four five"),
        ("five six seven", "eight nine"),
    ]


def test_a_document_without_blanks_is_cut_by_characters(tmp_path: Path) -> None:
    text = (
        HEAD + "language: ja\n" + DOCUMENT.replace("one two three four five six seven eight nine ten", "あいうえおか")
    )
    (job,) = prompt_jobs(load_suite(written(tmp_path, text)), run_id="r", target="t")
    assert [(test.prompt, test.expected) for test in job.tests] == [("あいう", "えお")]


def test_texts_under_other_system_messages_may_be_asked_for_in_the_same_words(tmp_path: Path) -> None:
    part = "parts: [{prefix: What is it?, expected: the grey key of the north door}]"
    texts = f"texts:\n  - {{category: own, system: A, {part}}}\n  - {{category: unseen, system: B, {part}}}\n"
    path = written(tmp_path, HEAD + texts)
    jobs = prompt_jobs(load_suite(path), run_id="r", target="t")
    assert [job.system for job in jobs] == ["A", "B"]
    assert not any("already" in finding.message for finding in lint(path))
    swapped = written(tmp_path, HEAD + "\n".join(["texts:", *texts.splitlines()[:0:-1]]) + "\n")
    others = prompt_jobs(load_suite(swapped), run_id="r", target="t")
    assert {job.job_id for job in jobs} == {job.job_id for job in others}


@pytest.mark.parametrize(
    ("right", "wrong", "line", "message"),
    [
        ("match: {kind: start", "match: {kind: begin", 6, "match.kind: expected"),
        ("'From {source}: {prefix}'", "'From {source}'", 7, "instruction: expected {prefix} exactly once"),
        ("'Go on: {prefix}'", "'{source}: {prefix}'", 1, "control: expected no {source}"),
        ("    source: the Attic\n", "", 1, "texts[1]: source: expected one, since the instruction has {source}"),
        ("expected: had three sons and a very old donkey", "expected: '...'", 1, "parts[0].expected: expected a text"),
        ("    source: the Attic\n", "    source: x\n    document: a b\n", 15, "expected either parts or a document"),
        ("kind: chat}", "kind: plain}", 1, "texts[0].system: expected none in a plain format"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, right: str, wrong: str, line: int, message: str) -> None:
    text = (HEAD + GUIDED + TEXTS).replace(right, wrong)
    if "plain" in wrong:
        text = text.replace("    source: the Mill\n", "    source: the Mill\n    system: Be brief.\n")
    path = written(tmp_path, text)
    with pytest.raises(InputError) as error:
        load_suite(path)
    assert str(error.value).startswith(f"{path}:{line}: ")
    assert message in str(error.value)


def test_a_document_needs_a_window_that_it_fills(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="document: expected a window"):
        load_suite(written(tmp_path, HEAD + DOCUMENT.partition("\n")[2]))
    with pytest.raises(InputError, match="document: expected at least as many words"):
        load_suite(written(tmp_path, HEAD + DOCUMENT.replace("expected: 2", "expected: 20")))


@pytest.mark.parametrize(
    ("words", "expected", "message"),
    [
        (10_004, 1, "expected a window that cuts it into at most 10000 parts, found 10001"),
        (8_000, 4_000, "at most 16777216 characters together, found 3998 parts of 4003 words"),
    ],
)
def test_a_window_whose_parts_are_too_many_or_too_long_is_refused_before_it_cuts(
    tmp_path: Path, words: int, expected: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recall, "_cut", None)
    window = f"window: {{prefix: 3, expected: {expected}, step: 1}}"
    document = DOCUMENT.replace("window: {prefix: 3, expected: 2, step: 4}", window)
    document = document.replace("one two three four five six seven eight nine ten", "a " * words)
    with pytest.raises(InputError, match=message):
        load_suite(written(tmp_path, HEAD + document))


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("category: unseen", "category: own", "expected texts of the category 'unseen'"),
        ("had three sons and a very old donkey", "had three sons", "has 3 words, which a model may guess"),
        ("prefix: Once a miller,", "prefix: had three sons and a very old donkey so,", "stands in its own prompt"),
        ("max_tokens: 60", "max_tokens: 8", "max_tokens: expected at least 12 for 8 words, found 8"),
    ],
)
def test_lint_finds_what_would_spoil_the_measurement(tmp_path: Path, right: str, wrong: str, message: str) -> None:
    few_jobs = "jobs that an interval needs"
    sound = [finding.message for finding in lint(written(tmp_path, HEAD + TEXTS)) if few_jobs not in finding.message]
    assert sound == []
    found = lint(written(tmp_path, (HEAD + TEXTS).replace(right, wrong)))
    assert any(message in finding.message for finding in found)


def test_a_suite_survives_its_file(tmp_path: Path) -> None:
    suite = load_suite(written(tmp_path, HEAD + GUIDED + TEXTS))
    dump_suite(suite, tmp_path / "again.yaml")
    assert load_suite(tmp_path / "again.yaml") == suite
