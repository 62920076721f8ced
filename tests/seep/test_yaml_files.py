"""YAML that says something twice, without end or in another kind than it seems is refused with its line."""

import time

import pytest

from seep.yaml_files import NotYaml, parse_yaml


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "field a is there a second time, first in line 1"),
        ("a: {b: [{c: 1,\n d: 2,\n c: 3}]}\n", 3, "field c is there a second time, first in line 1"),
        ('a: 1\n"a": 2\n', 2, "field a is there a second time, first in line 1"),
        ("x: &x {k: 1}\na: {<<: *x,\n <<: *x}\n", 3, "field << is there a second time, first in line 2"),
        ("x: &x\n  k: 1\n  k: 2\na: {<<: *x}\n", 3, "field k is there a second time, first in line 2"),
        ("a: 1\nno: 2\n", 2, "expected a text as the name of a field: put it in quotes"),
        ("a: 1\n3: 2\n", 2, "expected a text as the name of a field: put it in quotes"),
        ("? [a]\n: 1\n", 1, "expected a text as the name of a field: put it in quotes"),
        ("? {a: b}\n: 1\n", 1, "expected a text as the name of a field: put it in quotes"),
        ("&a\nname: *a\n", 1, "an alias stands in what it names"),
        ("a: 1\nb: *SECRET\n", 2, "not readable as YAML: an alias of nothing that is named before it"),
        ("a: 1\nb: !SECRET x\n", 2, "not readable as YAML: a tag that is not known here"),
        ("a: !!python/object/apply:os.system [id]\n", 1, "not readable as YAML: a tag that is not known here"),
        ("a: 1\nb: !!int SECRET\n", 2, "not readable as YAML: a value that is no date, number"),
        ("a: 1\nb: !!timestamp SECRET\n", 2, "not readable as YAML: a value that is no date, number"),
        ("a: !!bool SECRET\n", 1, "not readable as YAML: a value that is no date, number"),
        ("a: !!float SECRET\n", 1, "not readable as YAML: a value that is no date, number"),
        (f"a: 1\nb: {'1' * 6000}\n", 2, "not readable as YAML: a value that is no date, number"),
        ("a: 1\nb: [1\n", 3, "not readable as YAML: did not find expected"),
        ("a: 1\n---\nb: 1\n", 2, "not readable as YAML: but found another document"),
        ('a: "\\ud800"\n', 1, "not readable as YAML: "),
        ("a: \x07\n", 1, "not readable as YAML: "),
    ],
)
def test_a_mistake_is_told_with_its_line_and_without_what_may_be_a_secret(text: str, line: int, message: str) -> None:
    with pytest.raises(NotYaml) as raised:
        parse_yaml(text)
    assert (raised.value.line, str(raised.value)[: len(message)]) == (line, message)
    assert "SECRET" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_a_merge_takes_over_is_no_repetition() -> None:
    _, content = parse_yaml("x: &x {k: 1, m: 2}\na: {<<: *x, k: 3}\nb: {<<: [*x, {m: 5}], n: 4}\n")
    assert content["a"] == {"k": 3, "m": 2}
    assert content["b"] == {"k": 1, "m": 2, "n": 4}


def test_the_same_name_in_several_mappings_is_no_repetition() -> None:
    assert parse_yaml("a: {k: 1}\nb: [{k: 1}, {k: 2}]\nc: &c {k: 1}\nd: *c\n")[1]["d"] == {"k": 1}


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_an_empty_document_is_none(text: str) -> None:
    assert parse_yaml(text) == (None, None)


MERGES = "a0: &a0 {k: v}\n" + "".join(
    f"a{number}: &a{number} {{<<: [{', '.join([f'*a{number - 1}'] * 10)}]}}\n" for number in range(1, 20)
)
LISTS = "a0: &a0 [x]\n" + "".join(
    f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]\n" for number in range(1, 20)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 50_000, "expected at most 50 levels"),
        ("a: " + "- " * 20_000 + "b", "expected at most 50 levels|sequence entries"),
        ("[" * 900 + "]" * 900, "expected at most 50 levels"),
        (MERGES, "its aliases make it too large"),
        (LISTS, "its aliases make it too large"),
    ],
)
def test_a_document_that_would_take_for_ever_is_refused_at_once(text: str, message: str) -> None:
    began = time.process_time()
    with pytest.raises(NotYaml, match=message):
        parse_yaml(text)
    assert time.process_time() - began < 10


def test_many_names_are_compared_at_once() -> None:
    began = time.process_time()
    assert len(parse_yaml("".join(f"k{number}: 1\n" for number in range(20_000)))[1]) == 20_000
    assert time.process_time() - began < 20
