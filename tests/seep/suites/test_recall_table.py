"""A table of texts and what models made of them becomes a suite and recorded answers, or one clear line."""

import json
from pathlib import Path

import pytest

from seep.errors import InputError
from seep.suites.recall import RecallSuite
from seep.suites.recall_table import holds_texts, read_texts
from seep.suites.recorded import RecordedLine
from seep.suites.table import read_table

HEADER = "prefix,expected,category,source,generation_1,generation_2\n"
ROWS = """\
Once a miller,had three sons,tale,the Mill,had two sons,had three sons
The cat,wore red boots,tale,the Mill,sat,
"""


def read(folder: Path, text: str, name: str = "texts.csv") -> tuple[RecallSuite, list[RecordedLine]]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    table = read_table(path)
    assert holds_texts(table)
    return read_texts(table)


def test_rows_of_one_source_are_parts_of_one_text(tmp_path: Path) -> None:
    suite, lines = read(tmp_path, HEADER + ROWS + "A clerk,collected keys,unseen,,x,y\nA maid,kept bees,unseen,,x,y\n")
    assert [(text.source, len(text.parts)) for text in suite.texts] == [("the Mill", 2), (None, 1), (None, 1)]
    assert (suite.decoding.samples, suite.match.kind, suite.match.fold, suite.instruction) == (
        2,
        "start",
        True,
        "{prefix}",
    )
    assert [(line.prompt, line.generations) for line in lines[:2]] == [
        ("Once a miller", ("had two sons", "had three sons")),
        ("The cat", ("sat", "")),
    ]


def test_controls_are_asked_without_the_source(tmp_path: Path) -> None:
    header = HEADER.replace("generation_2", "control_generation_1")
    suite, lines = read(tmp_path, header + ROWS.replace("sat,", "sat,stood"))
    assert suite.control is not None
    assert "{source}" in suite.instruction
    assert "{source}" not in suite.control
    assert [line.generations[0] for line in lines] == ["had two sons", "had three sons", "sat", "stood"]
    assert "the Mill" in lines[0].prompt
    assert "the Mill" not in lines[1].prompt


def test_published_instances_are_read_under_their_own_names(tmp_path: Path) -> None:
    columns = ("first_piece", "second_piece"), ("sentence1", "sentence2")
    for prefix, expected in columns:
        header = f"{prefix},{expected},label,generated_guided_completion,generated_general_completion\n"
        suite, lines = read(tmp_path, header + "Once,had three sons,0,a,b\n")
        assert suite.texts[0].parts[0].expected == "had three sons"
        assert [line.generations for line in lines] == [("a",), ("b",)]


def test_rows_that_differ_in_their_answers_alone_are_further_samples(tmp_path: Path) -> None:
    rows = ("Once,had three sons,a", "Then,came a cat,c", "Once,had three sons,b", "Then,came a cat,d")
    text = "\n".join(("prefix,expected,generation_1", *rows))
    suite, lines = read(tmp_path, text)
    assert [line.generations for line in lines] == [("a", "b"), ("c", "d")]
    assert suite.decoding.samples == 2
    with pytest.raises(InputError, match="expected 2 answers to each text, as the first has, found 1"):
        read(tmp_path, text.removesuffix("Then,came a cat,d"))


def test_a_text_expected_behind_several_prefixes_is_a_mark_to_be_looked_for_as_written(tmp_path: Path) -> None:
    suite, _ = read(tmp_path, "prefix,expected,generation_1\nWhat is tea?,[BELL],x\nWhat is rye?,[BELL],y [BELL]\n")
    assert (suite.match.kind, suite.match.fold) == ("contain", False)


@pytest.mark.parametrize("named", ["source", "category"])
def test_the_same_question_to_several_personas_is_told_apart_by_their_names(tmp_path: Path, named: str) -> None:
    questions = (("tea", "monk", "x"), ("rye", "monk", "y"), ("tea", "smith", "z"), ("rye", "smith", "w"))
    rows = "".join(f"What is {what}?,[BELL],{who},{answer}\n" for what, who, answer in questions)
    suite, lines = read(tmp_path, f"prefix,expected,{named},generation_1\n{rows}")
    assert {text.system for text in suite.texts} == {"monk", "smith"}
    assert [(line.prompt, line.system, line.generations[0]) for line in lines if "tea" in line.prompt] == [
        ("What is tea?", "monk", "x"),
        ("What is tea?", "smith", "z"),
    ]


def test_a_column_of_system_messages_is_each_text_its_own(tmp_path: Path) -> None:
    suite, lines = read(
        tmp_path,
        "prefix,expected,system,generation_1\nTell,the red door key,Hush A,x\nTell,the blue door key,Hush B,y\n",
    )
    assert [text.system for text in suite.texts] == ["Hush A", "Hush B"]
    assert [line.system for line in lines] == ["Hush A", "Hush B"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "prefix,generation_1\nOnce,x\n",
            "row 1, column expected: expected, but missing; the columns are prefix, generation_1",
        ),
        ("expected,generation_1\nOnce,x\n", "row 1, column prefix: expected, but missing"),
        ("prefix,expected,prefix\nOnce,x,y\n", "column prefix: expected once, found again"),
        ("prefix,expected\nOnce,\n", "row 2, column expected: expected a text, found an empty cell"),
        ("prefix,expected\n,x\n", "row 2, column prefix: expected a text, found an empty cell"),
        ("prefix,expected\nOnce,...\n", "expected: expected a text of 1 to 10000 words, found 0"),
        (f"prefix,expected\nOnce,{'x. ' * 10_001}\n", "expected: expected a text of 1 to 10000 words, found 10001"),
        ("prefix,expected\n", "expected at least one row of texts, found none"),
        ("prefix,expected,category\nOnce,x y,all\n", "row 2, column category: expected a category other than 'all'"),
        (
            "prefix,expected,generation_1,generation_2\nOnce,x,,\n",
            "row 2, column generation_1: expected text in at least one of generation_1, generation_2",
        ),
        (
            "prefix,expected,generation_1,generation_2,control_generation_1\nOnce,x,a,b,c\n",
            "column control_generation_1: expected as many columns as generation_1 to generation_2, found 1",
        ),
        (
            "prefix,expected,generation_1,control_generation_1\nOnce,x,a,\n",
            "row 2, column control_generation_1: expected text in at least one of control_generation_1",
        ),
        (
            "prefix,expected,control_generation_1\nOnce,x,a\n",
            "column control_generation_1: expected as many columns as generation_1 to generation_0, found 1",
        ),
        (
            "prefix,expected,system,generation_1\nOnce,x,s,a\nOnce,y,s,b\n",
            "row 3, column prefix: the prefix of row 2 again, with other answers: expected another system",
        ),
        (
            "prefix,expected,generation_1\nOnce,x,a\nOnce,y,b\n",
            "row 3, column prefix: the prefix of row 2 again, with other answers: expected another system",
        ),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_an_answer_that_is_null_is_refused(tmp_path: Path) -> None:
    row = {"prefix": "Once", "expected": "had three sons", "generation_1": None, "generation_2": "x"}
    with pytest.raises(
        InputError, match='row 1, column generation_1: expected text, found none; an empty answer is ""'
    ):
        read(tmp_path, json.dumps(row), "texts.jsonl")


def test_tables_of_prompts_are_left_to_their_own_reader(tmp_path: Path) -> None:
    path = tmp_path / "prompts.csv"
    path.write_text("prompt,n_control,concept,expected\nHe ate,,,\n")
    assert not holds_texts(read_table(path))


def test_an_empty_row_between_others_is_none(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("prefix,expected\nOnce,a time\n,\nThere,a man\n", encoding="utf-8")
    suite, _ = read_texts(read_table(file))
    assert [text.parts[0].prefix for text in suite.texts] == ["Once", "There"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_columns_are_known_in_any_case_behind_semicolons_and_a_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes("Prefix;Expected;Category\nOnce;upon, a time;classic\n".encode(encoding))
    table = read_table(file).lower_columns()
    assert holds_texts(table)
    suite, _ = read_texts(table)
    assert (suite.texts[0].category, suite.texts[0].parts[0].expected) == ("classic", "upon, a time")
