"""Tables of questions with options become a suite, and their answers recorded ones."""

from pathlib import Path

import pytest

from seep.errors import InputError
from seep.suites.jobs import prompt_jobs
from seep.suites.position import PositionSuite
from seep.suites.position_table import Rows, holds_questions, questions_columns, read_questions
from seep.suites.table import read_table

HEADER = "question,option_1,option_2,answer,category"


def read(folder: Path, *lines: str) -> tuple[PositionSuite, Rows]:
    file = folder / "q.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    table = read_table(file)
    assert holds_questions(table)
    return read_questions(table, "q")


def test_a_row_is_a_question(tmp_path: Path) -> None:
    suite, rows = read(tmp_path, HEADER, "Which is red?,Blood,Snow,Blood,colours", "Which is cold?,Fire,Ice cream,B,")
    assert [question.answer for question in suite.questions] == ["Blood", "Ice cream"]
    assert [question.category for question in suite.questions] == ["colours", "uncategorised"]
    assert (suite.labels, rows) == (("A", "B"), [])


def test_answers_to_all_orders_are_recorded_by_the_prompts_that_the_suite_asks(tmp_path: Path) -> None:
    suite, rows = read(
        tmp_path,
        f"{HEADER},generation_1,generation_2",
        "Which is red?,Blood,Snow,A,c,A,B",
        "Which is red?,Snow,Blood,B,c,B,",
    )
    (job,) = prompt_jobs(suite, run_id="r", target="t")
    assert dict(rows) == {job.tests[0].prompt: ["A", "B"], job.tests[1].prompt: ["B", ""]}
    assert job.samples == 2


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([f"{HEADER},generation_1", "Q?,Blood,Snow,A,c,A"], "row 2, column question: expected a row for each of its 2"),
        ([HEADER, "Q?,Blood,Snow,Coal,c"], "row 2, column answer: "),
        ([HEADER, "Q?,Blood,,Blood,c"], "row 2, column option_1"),
        ([HEADER, "Q?,,Snow,,c"], "row 2, column option_1: expected an option, found an empty cell"),
        ([HEADER, ",Blood,Snow,A,c"], "row 2, column question: "),
        ([HEADER, "Q?,Blood,Snow,A,c", "Q?,Blood,Snow,A,c"], "row 3, column question: expected each order"),
        ([HEADER, "Q?,Blood,Snow,A,c", "Q?,Snow,Blood,A,c"], "row 3, column answer: expected that of the question's"),
    ],
)
def test_a_mistake_is_named_by_row_and_column(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, *lines)
    assert message in str(refused.value)


def test_the_columns_that_are_read(tmp_path: Path) -> None:
    file = tmp_path / "q.csv"
    file.write_text("note,option_2,question,option_1,generation_1\n", encoding="utf-8")
    assert questions_columns(read_table(file)) == ["question", "option_1", "option_2", "generation_1"]
