"""Recorded answers survive their file exactly, and a broken line is named."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seep.errors import InputError
from seep.suites.recorded import read_recorded, write_recorded

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(TEXTS, st.lists(TEXTS, min_size=1).map(tuple)))
def test_answers_survive_their_file(rows: dict[str, tuple[str, ...]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "answers.jsonl"
        write_recorded(path, rows.items())
        assert read_recorded(path) == {(prompt, None): answers for prompt, answers in rows.items()}


def test_other_fields_and_empty_lines_are_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path, '\n{"model": "m", "prompt": "He ate", "generations": ["rice"]}\n\n')
    assert read_recorded(path) == {("He ate", None): ("rice",)}


@pytest.mark.parametrize("half", ["\\ud83d", "\\uDE00", "\\ud83d\\ud83d"])
def test_half_an_emoji_is_a_replacement_character(tmp_path: Path, half: str) -> None:
    whole = half.count("u") * "\ufffd"
    path = written(tmp_path, f'{{"prompt": "He ate", "generations": ["rice {half}", "\\ud83d\\ude00"]}}')
    assert read_recorded(path) == {("He ate", None): (f"rice {whole}", "\U0001f600")}


def test_an_escaped_backslash_names_no_character(tmp_path: Path) -> None:
    path = written(tmp_path, r'{"prompt": "He ate", "generations": ["\\ud83d"]}')
    assert read_recorded(path) == {("He ate", None): (r"\ud83d",)}


def test_a_prompt_may_stand_twice_with_the_same_answers(tmp_path: Path) -> None:
    path = written(tmp_path, '{"prompt": "He ate", "generations": ["rice"]}\n' * 2)
    assert read_recorded(path) == {("He ate", None): ("rice",)}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"prompt": "He ate", "generations": ["bread"]}', "prompt: expected once, found again with other generations"),
        ('{"prompt": "She ate"}', "generations: expected, but missing; expected {"),
        ('{"prompt": "She ate", "generations": []}', "generations: expected at least 1, found 0"),
        ('{"prompt": "She ate", "generations": "rice"}', "generations: expected a list"),
        ('{"prompt": "She ate", "generations": {"rice": 1}}', "generations: expected a list"),
        ('{"prompt": "She ate", "generations": ["rice", 1]}', "generations.1: expected text: put it in quotes"),
        ('{"prompt": "She ate", "generations": ["rice", NaN]}', "generations.1: expected text; expected {"),
        ('{"prompt": "She ate", "generations": [["rice"]]}', "generations.0: expected text"),
        ('{"prompt": "She ate", "generations": [null]}', "generations.0: expected text"),
        ('{"prompt": "She ate", "generations": ["rice"], "ended": ["stop", "stop"]}', "ended: expected 1, found 2"),
        (
            '{"prompt": "She ate", "generations": ["rice"], "ended": ["content_filter"]}',
            "ended.0: expected 'stop', 'length'",
        ),
        ('{"prompt": "She ate", "generations": ["rice"], "ended": [null]}', "ended.0: expected 'stop', 'length'"),
        ('{"prompt": "She ate", "generations": ["rice"], "ended": "stop"}', "ended: expected a list"),
        ('{"prompt": "He ate", "generations": ["rice"], "ended": ["refusal"]}', "prompt: expected once, found again"),
        ('{"prompt": 1, "generations": ["rice"]}', "prompt: expected text"),
        (f'{{"prompt": {"1" * 5000}, "generations": ["rice"]}}', "a number of 5000 digits, expected 1000 at most"),
        ('{"prompt": "\\ud800", "generations": ["rice"]}', "prompt: expected text without halves of characters"),
        ('{"prompt": "a", "prompt": "b", "generations": ["rice"]}', "prompt: expected once, found again"),
        ("[]", "expected a mapping of fields"),
        ("[" * 100_000, "expected a JSON object, found lists or objects in each other"),
        ('{"prompt": "She ate", ', "expected a JSON object"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = written(tmp_path, '{"prompt": "He ate", "generations": ["rice"]}\n' + line + "\n")
    with pytest.raises(InputError) as raised:
        read_recorded(path)
    assert str(raised.value).startswith(f"{path}:2: {message}")
    assert "\n" not in str(raised.value)


def test_half_a_character_in_an_answer_is_mended(tmp_path: Path) -> None:
    path = written(tmp_path, '{"prompt": "He ate", "generations": ["rice \\ud83c", "\\ud83c\\udf5a", "\\u0000"]}\n')
    assert read_recorded(path) == {("He ate", None): ("rice \ufffd", "\U0001f35a", "\0")}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text('{"prompt": "He ate", "generations": ["rice"]}\r\n', encoding=encoding)
    assert read_recorded(path) == {("He ate", None): ("rice",)}


def test_a_file_in_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_bytes(b'\n{"prompt": "caf\xe9", "generations": ["rice"]}\n')
    with pytest.raises(InputError, match=r"answers\.jsonl:2: expected text in UTF-8"):
        read_recorded(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.jsonl: cannot be read: No such file"):
        read_recorded(tmp_path / "none.jsonl")


def written(folder: Path, text: str) -> Path:
    path = folder / "answers.jsonl"
    path.write_text(text, encoding="utf-8")
    return path
