"""Suites survive their YAML, and every mistake in one is named with its line."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seep.errors import InputError
from seep.probes import PROBES
from seep.suites.loading import dump_suite, load_suite, parse_suite, suite_text
from seep.suites.schema import Suite

GOOD = """\
# a comment
name: meals
version: "1"
format:
  kind: chat
  user: "{prompt} {your_answer}"
decoding: {temperature: 0.5, max_tokens: 10, samples: 5}
jobs:
  - control: He ate
    tests:
      - concept: red
        prompt: The mat is red. He ate
        category: food
  - control: She drank
    neutral: The mat is new. She drank
    tests:
      - {concept: blue, prompt: The mat is blue. She drank, category: food}
"""


@given(st.from_type(Suite))
def test_a_suite_survives_its_file(suite: Suite) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "suite.yaml"
        dump_suite(suite, path)
        assert load_suite(path) == suite


def test_fields_left_out_have_their_defaults(tmp_path: Path) -> None:
    suite = load_suite(written(tmp_path, GOOD))
    assert (suite.probe, suite.language, suite.cluster, suite.cut) == ("semantic", "en", "job", "sentence")
    assert suite.decoding.top_p == 1
    assert suite.jobs[0].neutral is None


def test_a_dumped_suite_is_written_for_people(tmp_path: Path) -> None:
    suite = load_suite(written(tmp_path, GOOD.replace("red", "café red " + "very " * 40)))
    lines = suite_text(suite).splitlines()
    assert "      - concept: café red " + "very " * 39 + "very" in [line.rstrip() for line in lines]
    assert not any(mark in suite_text(suite) for mark in ("&", "{concept", "null"))


def test_a_template_of_several_lines_is_dumped_as_lines(tmp_path: Path) -> None:
    suite = load_suite(written(tmp_path, GOOD.replace("{your_answer}", "{your_answer}\\nYour answer:")))
    assert "  user: |-\n    {prompt} {your_answer}\n    Your answer:\n" in suite_text(suite)


@pytest.mark.parametrize(
    ("right", "wrong", "line", "message"),
    [
        ("name: meals", "name: Meals!", 2, "name: expected a name of at most 40 lower-case letters"),
        ('"1"', "1.0", 3, "version: expected text, found 1.0: put it in quotes"),
        ("concept: red", "concept: no", 11, "jobs[0].tests[0].concept: expected text, found False: put it in quotes"),
        ("category: food\n  -", "category: 1\n  -", 13, "jobs[0].tests[0].category: expected text, found 1: put it in"),
        ("category: food}", "category: all}", 17, "jobs[1].tests[0].category: expected a category other than 'all'"),
        ("        category: food\n", "", 11, "jobs[0].tests[0].category: expected, but missing"),
        ('"1"', '"1"\nprobe: foo', 4, f"probe: expected {' or '.join(PROBES)}, found foo"),
        ('"1"', '"1"\nprobe: [language]', 4, f"probe: expected {' or '.join(PROBES)}, found ['language']"),
        ('"1"', '"1"\nprobe:', 4, f"probe: expected {' or '.join(PROBES)}, found None"),
        ("neutral", "neutrl", 15, "jobs[1].neutrl: not a field here"),
        ("The mat is new. She drank", '""', 15, "jobs[1].neutral: expected a text, found an empty one"),
        ("She drank\n    neutral", '"\\0"\n    neutral', 14, "jobs[1].control: expected a text without NUL"),
        ("kind: chat", "kind: talk", 5, "format.kind: expected 'chat' or 'plain'"),
        ("{prompt} {your_answer}", "{your_answer}", 6, "format.user: expected {prompt} exactly once, found 0 of it"),
        ("samples: 5", "samples: many", 7, "decoding.samples: expected a whole number"),
        ("samples: 5", "samples: 99999999999", 7, "decoding.samples: expected at most 1000"),
        ("samples: 5", "samples: true", 7, "decoding.samples: expected a whole number"),
        ("0.5", "-0.5", 7, "decoding.temperature: expected at least 0"),
        ("- {concept: blue", "- blue\n      - {concept: blue", 17, "jobs[1].tests[0]: expected a mapping of fields"),
        ("name: meals", "name: [meals", 3, "not readable as YAML: did not find expected ',' or ']'"),
        ("name: meals", "name: meals\nname: supper", 3, "field name is there a second time, first in line 2"),
        ("- control: She", "- no: x\n    control: She", 14, "expected a text as the name of a field: put it in quotes"),
        ('"1"', "2024-99-99", 3, "not readable as YAML: a value that is no date, number or whatever it looks like"),
        (GOOD, "", 1, "expected a suite"),
        (GOOD, "- meals", 1, "expected a suite"),
        (GOOD[GOOD.index("jobs:") :], "jobs: []", 8, "jobs: expected at least one, found none"),
        (GOOD[GOOD.index("jobs:") :], "jobs: {}", 8, "jobs: expected a list"),
    ],
)
def test_a_mistake_is_one_line_with_file_line_field_and_what_was_expected(
    tmp_path: Path, right: str, wrong: str, line: int, message: str
) -> None:
    path = written(tmp_path, GOOD.replace(right, wrong, 1))
    with pytest.raises(InputError) as raised:
        load_suite(path)
    assert str(raised.value).startswith(f"{path}:{line}: {message}")
    assert "\n" not in str(raised.value)


def test_all_mistakes_are_found_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace("name: meals", "name: M").replace("She drank", '""').replace("0.5", "-1"))
    parsed = parse_suite(path)
    assert parsed.suite is None
    assert [problem.line for problem in parsed.problems] == [2, 7, 14]
    with pytest.raises(InputError, match=r"\(and 2 more: see `seep suites lint "):
        load_suite(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml:1: the file cannot be read: No such file"):
        load_suite(tmp_path / "none.yaml")


def test_a_file_in_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_bytes(GOOD.replace("red", "café").encode("latin-1"))
    with pytest.raises(InputError, match=r"suite\.yaml:11: expected text in UTF-8"):
        load_suite(path)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert load_suite(path).name == "meals"


def written(folder: Path, text: str) -> Path:
    path = folder / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    return path
